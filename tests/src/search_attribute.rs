//! Search attributes that tests need the server to know.

use super::{Environment, Outcome};
use steadfast_proto::{enums::IndexedValueType, operatorservice::AddSearchAttributesRequest, tonic::Code};

impl Environment {
    /// Makes search attributes known to the server. Tests share the names on a real one, so that they are known already is
    /// no error.
    ///
    /// # Errors
    /// The server cannot be reached, or knows the name with another type.
    pub async fn add_search_attributes(&self, attributes: &[(&str, IndexedValueType)]) -> Outcome {
        let request = AddSearchAttributesRequest {
            namespace: self.client.namespace().to_owned(),
            search_attributes: attributes
                .iter()
                .map(|(name, kind)| ((*name).to_owned(), i32::from(*kind)))
                .collect(),
        };
        match self.client.call(request).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Code::AlreadyExists => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
