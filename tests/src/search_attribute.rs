//! Search attributes that tests need the server to know.

use super::{Environment, Failure, Outcome};
use steadfast_proto::{
    enums::IndexedValueType,
    operatorservice::{AddSearchAttributesRequest, operator_service_client::OperatorServiceClient},
    tonic::{Code, Request, transport::Endpoint},
};

impl Environment {
    /// Makes search attributes known to the server. Tests share the names on a real one, so that they are known already is
    /// no error.
    ///
    /// # Errors
    /// The server cannot be reached, or knows the name with another type.
    pub async fn add_search_attributes(&self, attributes: &[(&str, IndexedValueType)]) -> Outcome {
        let request = Request::new(AddSearchAttributesRequest {
            namespace: self.client.namespace().to_owned(),
            search_attributes: attributes
                .iter()
                .map(|(name, kind)| ((*name).to_owned(), i32::from(*kind)))
                .collect(),
        });
        let answer = match (&self.address, &self.server) {
            (Some(address), _) => {
                let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
                OperatorServiceClient::new(channel).add_search_attributes(request).await
            }
            (None, Some(server)) => server.operator_service().add_search_attributes(request).await,
            (None, None) => return Err(Failure::from("there is no server")),
        };
        match answer {
            Ok(_) => Ok(()),
            Err(status) if status.code() == Code::AlreadyExists => Ok(()),
            Err(status) => Err(status.into()),
        }
    }
}
