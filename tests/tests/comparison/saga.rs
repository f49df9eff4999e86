use steadfast::prelude::*;

#[derive(Default)]
pub struct Saga;

#[workflow]
impl Saga {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, trip: String) -> WorkflowResult<Vec<String>> {
        let mut undo = Vec::new();
        match book(&ctx, &mut undo, trip).await {
            Ok(bookings) => Ok(bookings),
            Err(failure) => {
                for cancel in undo.into_iter().rev() {
                    if let Err(failure) = cancel.await {
                        eprintln!("not undone: {failure}");
                    }
                }
                Err(failure.into())
            }
        }
    }
}

type Undo = Vec<steadfast::activity::ActivityCall<()>>;

async fn book(
    ctx: &WorkflowContext<Saga>,
    undo: &mut Undo,
    trip: String,
) -> Result<Vec<String>, ActivityFailure> {
    let hotel = ctx.activity::<book_hotel>(trip.clone()).await?;
    undo.push(ctx.activity::<cancel_hotel>(hotel.clone()));
    let flight = ctx.activity::<book_flight>(trip.clone()).await?;
    undo.push(ctx.activity::<cancel_flight>(flight.clone()));
    let car = ctx.activity::<book_car>(trip).await?;
    undo.push(ctx.activity::<cancel_car>(car.clone()));
    Ok(vec![hotel, flight, car])
}

#[activity(start_to_close_timeout = "1s")]
pub async fn book_hotel(trip: String) -> Result<String, ActivityError> {
    Ok(format!("hotel of {trip}"))
}

#[activity(start_to_close_timeout = "1s")]
pub async fn book_flight(trip: String) -> Result<String, ActivityError> {
    Ok(format!("flight of {trip}"))
}

#[activity(start_to_close_timeout = "1s")]
pub async fn book_car(trip: String) -> Result<String, ActivityError> {
    if trip.contains("fail") {
        return Err(ActivityError::new("no car is left").non_retryable());
    }
    Ok(format!("car of {trip}"))
}

#[activity(start_to_close_timeout = "1s")]
pub async fn cancel_hotel(booking: String) -> Result<(), ActivityError> {
    println!("cancelled {booking}");
    Ok(())
}

#[activity(start_to_close_timeout = "1s")]
pub async fn cancel_flight(booking: String) -> Result<(), ActivityError> {
    println!("cancelled {booking}");
    Ok(())
}

#[activity(start_to_close_timeout = "1s")]
pub async fn cancel_car(booking: String) -> Result<(), ActivityError> {
    println!("cancelled {booking}");
    Ok(())
}
