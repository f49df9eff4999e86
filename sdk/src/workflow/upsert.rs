//! Search attributes and memo: what there is now, and changing it.

use super::{HandlerContext, WorkflowContext};
use crate::{
    convert::{Converter, Data, DecodeError, EncodeError},
    search_attribute::{self, SearchAttributeKey, SearchAttributeUpdate, SearchAttributeValue},
};
use serde::Serialize;
use steadfast_core::Host;
use steadfast_proto::common::{Memo, Payload};

/// Search attributes and memo.
impl<S> WorkflowContext<S> {
    /// Changes search attributes, by which people and programs find the workflow:
    /// `ctx.upsert_search_attributes([STATE.set("busy"), OWNER.unset()])`. The server must know their names and types.
    #[track_caller]
    pub fn upsert_search_attributes(&self, attributes: impl IntoIterator<Item = SearchAttributeUpdate>) {
        self.host()
            .upsert_search_attributes(search_attribute::collect(attributes));
    }

    /// The value of a search attribute: as the workflow was started with it, or as it was set since.
    ///
    /// # Errors
    /// It is of another type than the key says.
    pub fn search_attribute<T: SearchAttributeValue>(
        &self,
        key: &SearchAttributeKey<T>,
    ) -> Result<Option<T>, DecodeError> {
        key.read(self.host().search_attribute(key.name()).as_ref())
    }

    /// Changes the memo, which people and programs see beside the workflow:
    ///
    /// ```no_run
    /// # use steadfast::prelude::*;
    /// # fn example<S>(ctx: WorkflowContext<S>) -> WorkflowResult<()> {
    /// ctx.upsert_memo(|memo| memo.set("items", 12).unset("note"))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A value's serialisation fails; nothing is changed then.
    #[track_caller]
    pub fn upsert_memo(&self, change: impl FnOnce(MemoUpdate) -> MemoUpdate) -> Result<(), EncodeError> {
        let update = change(MemoUpdate {
            converter: self.converter().clone(),
            memo: Ok(Memo::default()),
        });
        // Not by `map`: the line that is told is the caller's.
        match update.memo {
            Ok(memo) => {
                self.host().upsert_memo(memo);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A field of the memo: as the workflow was started with it, or as it was set since.
    ///
    /// # Errors
    /// The field is no `T`.
    pub fn memo<T: Data>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        memo(self.host(), self.converter(), name)
    }
}

/// Search attributes and memo.
impl HandlerContext {
    /// As [`WorkflowContext::search_attribute`].
    ///
    /// # Errors
    /// It is of another type than the key says.
    pub fn search_attribute<T: SearchAttributeValue>(
        &self,
        key: &SearchAttributeKey<T>,
    ) -> Result<Option<T>, DecodeError> {
        key.read(self.host().search_attribute(key.name()).as_ref())
    }

    /// As [`WorkflowContext::memo`].
    ///
    /// # Errors
    /// The field is no `T`.
    pub fn memo<T: Data>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        memo(self.host(), self.converter(), name)
    }
}

fn memo<T: Data>(host: &Host, converter: &Converter, name: &str) -> Result<Option<T>, DecodeError> {
    let field = host.memo(name);
    field.map(|payload| converter.decode(Some(&payload))).transpose()
}

/// Changes of the memo, in the making.
#[must_use = "return it from the closure of `upsert_memo`"]
pub struct MemoUpdate {
    converter: Converter,
    memo: Result<Memo, EncodeError>,
}

impl MemoUpdate {
    /// Sets a field.
    #[allow(clippy::needless_pass_by_value)] // notes are mostly written on the spot
    pub fn set<T: Serialize + 'static>(self, name: impl Into<String>, value: T) -> Self {
        let value = self.converter.encode(&value);
        self.with(name.into(), value)
    }

    /// Takes a field away.
    pub fn unset(self, name: impl Into<String>) -> Self {
        let nothing = self.converter.encode(&());
        self.with(name.into(), nothing)
    }

    fn with(mut self, name: String, value: Result<Payload, EncodeError>) -> Self {
        match (&mut self.memo, value) {
            (Ok(memo), Ok(value)) => {
                memo.fields.insert(name, value);
            }
            (Ok(_), Err(error)) => self.memo = Err(error),
            (Err(_), _) => {}
        }
        self
    }
}
