//! Payloads that are passed on as they are.

use super::{Args, Arguments, Converter, Data, DecodeError, EncodeError};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use steadfast_proto::common::{Payload, Payloads};

/// A payload that is passed on as it is, whatever its encoding.
///
/// As a whole parameter or result it takes any value; inside another type it cannot travel.
///
/// ```
/// use steadfast::convert::{Converter, RawValue};
///
/// let converter = Converter::default();
/// let payload = converter.encode(&7_u32)?;
/// let raw: RawValue = converter.decode(Some(&payload))?;
/// assert_eq!(raw.0.data.as_ref(), b"7");
/// assert_eq!(converter.encode(&raw)?, payload);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawValue(pub Payload);

const WHOLE: &str = "a `RawValue` is a parameter or a result of its own, it cannot be part of another type";

impl Serialize for RawValue {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom(WHOLE))
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom(WHOLE))
    }
}

/// All arguments of a call as they came, decoded one by one when somebody asks for them.
///
/// As the only parameter of an activity, a workflow or a message it takes whatever arguments there are; as the arguments of a call by
/// name (`ctx.activity_untyped(name, arguments)`) they are passed on.
///
/// ```
/// use steadfast::convert::{Args, Converter, RawArgs};
///
/// let converter = Converter::default();
/// let payloads = (7_u32, "seven".to_owned()).encode(&converter)?;
/// let arguments = RawArgs::new(Some(payloads), converter);
/// assert_eq!(arguments.len(), 2);
/// assert_eq!(arguments.get::<u32>(0)?, 7);
/// assert_eq!(arguments.get::<String>(1)?, "seven");
/// assert!(arguments.get::<String>(2).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RawArgs {
    payloads: Payloads,
    converter: Converter,
}

impl RawArgs {
    /// The arguments as they came, and what decodes them.
    #[must_use]
    pub fn new(payloads: Option<Payloads>, converter: Converter) -> Self {
        Self {
            payloads: payloads.unwrap_or_default(),
            converter,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.payloads.payloads.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.payloads.payloads.is_empty()
    }

    /// The argument at this place, counted from zero. A missing one is an error unless the type takes `null`.
    ///
    /// # Errors
    /// The argument is missing, has an unknown encoding, or is not a `T`.
    pub fn get<T: Data>(&self, index: usize) -> Result<T, DecodeError> {
        let number = index.saturating_add(1);
        self.converter
            .decode(self.payloads.payloads.get(index))
            .map_err(|error| error.at(number, self.len().max(number)))
    }

    /// All of them, as they came.
    #[must_use]
    pub fn payloads(&self) -> &[Payload] {
        &self.payloads.payloads
    }
}

impl Args for RawArgs {
    fn encode(&self, _: &Converter) -> Result<Payloads, EncodeError> {
        Ok(self.payloads.clone())
    }

    fn decode(payloads: Option<&Payloads>, converter: &Converter) -> Result<Self, DecodeError> {
        Ok(Self::new(payloads.cloned(), converter.clone()))
    }
}

impl Arguments for RawArgs {
    fn to_payloads(&self, converter: &Converter) -> Result<Payloads, EncodeError> {
        self.encode(converter)
    }
}
