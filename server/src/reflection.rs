//! Reflection: tools ask what the server serves, and get the descriptors of it.

use steadfast_proto::{DESCRIPTORS, tonic::transport::server::Router};
use tonic_reflection::server::Builder;

/// Serves descriptors too, in both versions of the protocol.
pub(crate) fn add(router: Router) -> Router {
    let builder = || Builder::configure().register_encoded_file_descriptor_set(DESCRIPTORS);
    match (builder().build_v1(), builder().build_v1alpha()) {
        (Ok(current), Ok(older)) => router.add_service(current).add_service(older),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "the server cannot be asked what it serves: its descriptors are broken");
            router
        }
    }
}
