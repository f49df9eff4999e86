//! All of several, in written order.

use super::members::Members;
use std::{
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};

/// Waits for several things at once and returns the outputs of all, as a tuple.
///
/// They are polled in written order, on every replay alike. (`tokio::join!` rotates, and so must not be used in a
/// workflow.)
///
/// ```
/// # use steadfast::join;
/// # futures_executor(async {
/// let (one, two) = join!(async { 1 }, async { 2 });
/// assert_eq!(one + two, 3);
/// # });
/// # fn futures_executor(future: impl std::future::Future<Output = ()>) {
/// #     tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
/// # }
/// ```
#[macro_export]
macro_rules! join {
    (@named [$([$future:ident $output:ident $value:expr])*]) => {{
        $(
            let mut $future = ::core::pin::pin!(::core::future::IntoFuture::into_future($value));
            let mut $output = ::core::option::Option::None;
        )*
        ::core::future::poll_fn(|context| {
            let mut pending = false;
            $(
                if ::core::option::Option::is_none(&$output) {
                    match ::core::future::Future::poll(::core::pin::Pin::as_mut(&mut $future), context) {
                        ::core::task::Poll::Ready(output) => $output = ::core::option::Option::Some(output),
                        ::core::task::Poll::Pending => pending = true,
                    }
                }
            )*
            if pending {
                return ::core::task::Poll::Pending;
            }
            match ($(::core::option::Option::take(&mut $output),)*) {
                ($(::core::option::Option::Some($output),)*) => ::core::task::Poll::Ready(($($output,)*)),
                #[allow(unreachable_patterns)]
                _ => ::core::task::Poll::Pending,
            }
        })
        .await
    }};
    (@named [$($done:tt)*] $value:expr $(, $($rest:tt)*)?) => {
        $crate::join!(@named [$($done)* [future output $value]] $($($rest)*)?)
    };
    ($($values:tt)*) => { $crate::join!(@named [] $($values)*) };
}

/// Waits for all of a list, and returns their outputs in the list's order.
#[track_caller]
pub fn join_all<I>(list: I) -> JoinAll<<I::Item as IntoFuture>::IntoFuture>
where
    I: IntoIterator,
    I::Item: IntoFuture,
{
    JoinAll(Joined::new(list))
}

/// Waits for all of a list. The first error ends the wait: what is still running then is dropped.
#[track_caller]
pub fn try_join_all<I, T, E>(list: I) -> TryJoinAll<<I::Item as IntoFuture>::IntoFuture, T>
where
    I: IntoIterator,
    I::Item: IntoFuture<Output = Result<T, E>>,
{
    TryJoinAll(Joined::new(list))
}

/// See [`join_all`].
#[must_use = "futures do nothing until they are awaited"]
pub struct JoinAll<F: Future>(Joined<F, F::Output>);

/// See [`try_join_all`].
#[must_use = "futures do nothing until they are awaited"]
pub struct TryJoinAll<F, T>(Joined<F, T>);

/// The list's futures that are still pending, and the outputs of the others by their place.
struct Joined<F, T> {
    members: Members<F>,
    outputs: Vec<Option<T>>,
}

impl<F: Future, T> Joined<F, T> {
    #[track_caller]
    fn new<I>(list: I) -> Self
    where
        I: IntoIterator,
        I::Item: IntoFuture<IntoFuture = F>,
    {
        let mut members = Members::new();
        let mut outputs = Vec::new();
        // A loop, not a closure: commands issued here are located at the caller.
        for member in list {
            members.push(member.into_future());
            outputs.push(None);
        }
        Self { members, outputs }
    }

    /// Polls who was woken, in the list's order; `take` decides what becomes of an output.
    fn poll_members<E>(
        &mut self,
        task: &mut Context<'_>,
        mut take: impl FnMut(F::Output) -> Result<T, E>,
    ) -> Poll<Result<Vec<T>, E>> {
        self.members.attach(task);
        for place in self.members.take_woken() {
            let Poll::Ready(output) = self.members.poll(place) else {
                continue;
            };
            match take(output) {
                Ok(output) => {
                    let slot = usize::try_from(place)
                        .ok()
                        .and_then(|place| self.outputs.get_mut(place));
                    if let Some(slot) = slot {
                        *slot = Some(output);
                    }
                }
                Err(error) => {
                    self.members.clear();
                    return Poll::Ready(Err(error));
                }
            }
        }
        if self.members.len() > 0 {
            return Poll::Pending;
        }
        Poll::Ready(Ok(self.outputs.drain(..).flatten().collect()))
    }
}

impl<F, T> Unpin for Joined<F, T> {}
impl<F: Future> Unpin for JoinAll<F> {}
impl<F, T> Unpin for TryJoinAll<F, T> {}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        self.0
            .poll_members(task, Ok::<_, std::convert::Infallible>)
            .map(|Ok(outputs)| outputs)
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> Future for TryJoinAll<F, T> {
    type Output = Result<Vec<T>, E>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_members(task, |output| output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn outputs_come_in_written_order_whatever_was_ready_first() {
        let (sender, receiver) = tokio::sync::oneshot::channel::<u32>();
        let (late, early) = join!(receiver, async { sender.send(1) },);
        assert_eq!((late, early), (Ok(1), Ok(())));
    }

    #[tokio::test]
    async fn a_list_is_joined_in_its_own_order() {
        let (sender, receiver) = tokio::sync::oneshot::channel::<u32>();
        let list: Vec<Pin<Box<dyn Future<Output = u32>>>> = vec![
            Box::pin(async { receiver.await.unwrap() }),
            Box::pin(async {
                sender.send(1).unwrap();
                2
            }),
        ];
        assert_eq!(join_all(list).await, [1, 2]);
        assert!(join_all(Vec::<std::future::Ready<()>>::new()).await.is_empty());
    }

    #[tokio::test]
    async fn the_first_error_ends_a_fallible_join() {
        type Member = Pin<Box<dyn Future<Output = Result<u32, &'static str>>>>;
        let list: Vec<Member> = vec![Box::pin(ready(Ok(1))), Box::pin(ready(Err("no"))), Box::pin(pending())];
        assert_eq!(try_join_all(list).await, Err("no"));
        assert_eq!(
            try_join_all([ready(Ok::<_, &str>(1)), ready(Ok(2))]).await,
            Ok(vec![1, 2])
        );
    }
}
