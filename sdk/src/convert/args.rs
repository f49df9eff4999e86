//! Several values, several payloads.

use super::{Converter, Data, DecodeError, EncodeError};
use serde::Serialize;
use steadfast_proto::common::Payloads;

/// The parameters of an activity, a workflow or a message: a tuple, each its own payload.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of arguments",
    label = "arguments are a tuple of up to 8 values, `(value,)` for a single one"
)]
pub trait Args: Sized + Send + 'static {
    /// One payload for each.
    ///
    /// # Errors
    /// A value's serialisation fails.
    fn encode(&self, converter: &Converter) -> Result<Payloads, EncodeError>;

    /// The values of the payloads. Missing trailing ones are read like `null`, surplus ones are ignored.
    ///
    /// # Errors
    /// A payload has an unknown encoding, or does not hold the type at its place.
    fn decode(payloads: Option<&Payloads>, converter: &Converter) -> Result<Self, DecodeError>;
}

/// Arguments of a call whose receiver is known by name alone: a tuple, `(value,)` for a single one.
///
/// They are only written here, so `&'static str` will do where the receiver reads a `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of arguments that can be sent",
    label = "arguments are a tuple of up to 8 values that serde can write, `(value,)` for a single one"
)]
pub trait Arguments: Send + 'static {
    /// One payload for each.
    ///
    /// # Errors
    /// A value's serialisation fails.
    fn to_payloads(&self, converter: &Converter) -> Result<Payloads, EncodeError>;
}

macro_rules! tuples {
    ($($count:literal: $($type:ident $index:tt),*;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($type: Serialize + Send + 'static),*> Arguments for ($($type,)*) {
            #[allow(unused_variables)]
            fn to_payloads(&self, converter: &Converter) -> Result<Payloads, EncodeError> {
                Ok(Payloads {
                    payloads: vec![$(converter.encode(&self.$index).map_err(|error| error.at($index + 1, $count))?),*],
                })
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($type: Data),*> Args for ($($type,)*) {
            fn encode(&self, converter: &Converter) -> Result<Payloads, EncodeError> {
                self.to_payloads(converter)
            }
            #[allow(unused_variables, clippy::unused_unit)]
            fn decode(payloads: Option<&Payloads>, converter: &Converter) -> Result<Self, DecodeError> {
                let list = payloads.map_or(&[][..], |list| &list.payloads);
                Ok(($(
                    converter.decode::<$type>(list.get($index)).map_err(|error| error.at($index + 1, $count))?,
                )*))
            }
        }
    )*};
}

tuples! {
    0: ;
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

/// The payloads of a single argument that is at hand by reference alone.
#[doc(hidden)]
pub fn encode_one<T: Data>(value: &T, converter: &Converter) -> Result<Payloads, EncodeError> {
    converter.encode_result(value).map_err(|error| error.at(1, 1))
}

/// A `Result`, seen through aliases: `<io::Result<T> as Fallible>::Ok` is `T`.
#[diagnostic::on_unimplemented(
    message = "a `Result` is expected here, not `{Self}`",
    label = "write `Result<{Self}, ActivityError>` for an activity, `WorkflowResult<{Self}>` for a workflow, `Result<{Self}, NexusError>` for a Nexus operation"
)]
pub trait Fallible {
    /// What it holds if all went well.
    type Ok;
    /// What it holds otherwise.
    type Err;

    /// The `Result`. Generated code calls it by its full path, so that what is no `Result` is reported as that alone.
    #[doc(hidden)]
    fn into_result(self) -> Result<Self::Ok, Self::Err>;
}

impl<T, E> Fallible for Result<T, E> {
    type Ok = T;
    type Err = E;

    fn into_result(self) -> Self {
        self
    }
}
