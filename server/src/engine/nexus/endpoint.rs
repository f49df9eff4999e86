//! Endpoints: names that stand for a queue of a namespace, or for an address elsewhere.

use super::super::{
    Engine,
    error::{Code, Error, Result},
    id::Uuid,
    limits,
    namespace::{NamespaceKey, Namespaces},
    start::check_queue,
    time::Time,
    world::World,
};
use steadfast_proto::{
    SmallMap,
    nexus::{self, endpoint_target::Variant},
    operatorservice::*,
    prost::Message,
};

/// An endpoint as it is now.
#[derive(Debug)]
pub(crate) struct Endpoint {
    version: i64,
    spec: nexus::EndpointSpec,
    created: Time,
    modified: Option<Time>,
}

/// Who takes the requests for an endpoint.
pub(crate) enum Target {
    /// Workers on a queue of a namespace.
    Queue(NamespaceKey, String),
    /// A server that speaks Nexus over HTTP, at the address under which its services are.
    External(String),
}

/// All endpoints of an engine.
#[derive(Debug, Default)]
pub(crate) struct Endpoints {
    by_id: SmallMap<Uuid, Endpoint>,
    names: SmallMap<String, Uuid>,
}

impl Endpoints {
    pub(crate) fn find(&self, name: &str) -> Option<Uuid> {
        self.names.get(name).copied()
    }

    /// Who takes the requests for an endpoint, if there is one of that id.
    pub(crate) fn target(&self, id: &str, namespaces: &Namespaces) -> Option<Target> {
        let endpoint = self.by_id.get(&Uuid::parse(id)?)?;
        match endpoint.spec.target.as_ref()?.variant.as_ref()? {
            Variant::Worker(worker) => {
                let namespace = namespaces.find(&worker.namespace).ok()?.key;
                Some(Target::Queue(namespace, worker.task_queue.clone()))
            }
            Variant::External(external) => Some(Target::External(external.url.clone())),
        }
    }
}

impl Endpoint {
    fn wire(&self, id: Uuid) -> nexus::Endpoint {
        nexus::Endpoint {
            version: self.version,
            id: id.to_string(),
            spec: Some(self.spec.clone()),
            created_time: self.created.wire(),
            last_modified_time: self.modified.and_then(Time::wire),
            url_prefix: format!("/nexus/endpoints/{id}/services"),
        }
    }
}

impl Engine {
    pub(crate) fn create_endpoint(
        &mut self,
        request: CreateNexusEndpointRequest,
    ) -> Result<CreateNexusEndpointResponse> {
        let spec = request.spec.unwrap_or_default();
        check_spec(&spec, &self.world)?;
        let created = self.world.now();
        let endpoints = &mut self.world.endpoints;
        if endpoints.names.contains_key(&spec.name) {
            return Err(taken(&spec.name));
        }
        let id = self.world.ids.random();
        endpoints.names.insert(spec.name.clone(), id);
        let endpoint = Endpoint {
            version: 1,
            spec,
            created,
            modified: None,
        };
        let wire = endpoint.wire(id);
        endpoints.by_id.insert(id, endpoint);
        Ok(CreateNexusEndpointResponse { endpoint: Some(wire) })
    }

    pub(crate) fn update_endpoint(
        &mut self,
        request: UpdateNexusEndpointRequest,
    ) -> Result<UpdateNexusEndpointResponse> {
        let spec = request.spec.unwrap_or_default();
        check_spec(&spec, &self.world)?;
        let now = self.world.now();
        let endpoints = &mut self.world.endpoints;
        let missing = || {
            Error::not_found(format!(
                "error updating Nexus endpoint. endpoint ID {} not found",
                request.id
            ))
        };
        let id = Uuid::parse(&request.id).ok_or_else(missing)?;
        let is_taken = endpoints.names.get(&spec.name).is_some_and(|other| *other != id);
        let endpoint = endpoints.by_id.get_mut(&id).ok_or_else(missing)?;
        if is_taken {
            return Err(taken(&spec.name));
        }
        if endpoint.version != request.version {
            return Err(Error::new(
                Code::FailedPrecondition,
                format!(
                    "nexus endpoint version mismatch. received: {} expected {}",
                    request.version, endpoint.version
                ),
            ));
        }
        endpoints.names.remove(&endpoint.spec.name);
        endpoints.names.insert(spec.name.clone(), id);
        endpoint.spec = spec;
        endpoint.version = endpoint.version.saturating_add(1);
        endpoint.modified = Some(now);
        Ok(UpdateNexusEndpointResponse {
            endpoint: Some(endpoint.wire(id)),
        })
    }

    pub(crate) fn get_endpoint(&self, request: &GetNexusEndpointRequest) -> Result<GetNexusEndpointResponse> {
        let id = endpoint_id(&request.id)?;
        let endpoint = self.world.endpoints.by_id.get(&id);
        let endpoint =
            endpoint.ok_or_else(|| Error::not_found(format!("Nexus endpoint with ID `{}` not found", request.id)))?;
        Ok(GetNexusEndpointResponse {
            endpoint: Some(endpoint.wire(id)),
        })
    }

    pub(crate) fn delete_endpoint(
        &mut self,
        request: &DeleteNexusEndpointRequest,
    ) -> Result<DeleteNexusEndpointResponse> {
        if request.version <= 0 {
            return Err(Error::invalid("endpoint version is non-positive"));
        }
        let id = endpoint_id(&request.id)?;
        // As on the original, the version is asked for and not compared.
        let endpoints = &mut self.world.endpoints;
        let Some(endpoint) = endpoints.by_id.remove(&id) else {
            return Err(Error::not_found(format!(
                "error deleting nexus endpoint with ID: {}",
                request.id
            )));
        };
        endpoints.names.remove(&endpoint.spec.name);
        self.world.breakers.forget(&endpoint.spec.name);
        Ok(DeleteNexusEndpointResponse {})
    }

    pub(crate) fn list_endpoints(&self, request: &ListNexusEndpointsRequest) -> Result<ListNexusEndpointsResponse> {
        let endpoints = &self.world.endpoints;
        if !request.name.is_empty() {
            let named = endpoints.find(&request.name).and_then(|id| {
                let endpoint = endpoints.by_id.get(&id)?;
                Some(endpoint.wire(id))
            });
            return Ok(ListNexusEndpointsResponse {
                endpoints: named.into_iter().collect(),
                ..Default::default()
            });
        }
        let size = match usize::try_from(request.page_size) {
            Ok(0) => limits::ENDPOINTS_PAGE,
            Ok(size) if size <= limits::ENDPOINTS_PAGE_MAX => size,
            Ok(_) => {
                return Err(Error::invalid(format!(
                    "page_size exceeds limit of {}",
                    limits::ENDPOINTS_PAGE_MAX
                )));
            }
            Err(_) => return Err(Error::invalid("page_size is negative")),
        };
        let after = match request.next_page_token.as_ref() {
            [] => None,
            token => {
                let last = std::str::from_utf8(token).ok().and_then(Uuid::parse);
                Some(last.ok_or_else(|| Error::invalid("Invalid NextPageToken."))?)
            }
        };
        let rest = endpoints
            .by_id
            .iter()
            .filter(|(id, _)| after.is_none_or(|after| **id > after));
        let page: Vec<(&Uuid, &Endpoint)> = rest.take(size).collect();
        let next_page_token = match page.last() {
            Some((last, _)) if page.len() == size => last.to_string().into(),
            _ => Default::default(),
        };
        Ok(ListNexusEndpointsResponse {
            next_page_token,
            endpoints: page.into_iter().map(|(id, endpoint)| endpoint.wire(*id)).collect(),
        })
    }
}

fn taken(name: &str) -> Error {
    Error::new(
        Code::AlreadyExists,
        format!("error creating Nexus endpoint. Endpoint with name {name} already registered"),
    )
}

fn endpoint_id(id: &str) -> Result<Uuid> {
    if id.is_empty() {
        return Err(Error::invalid("endpoint ID not set"));
    }
    Uuid::parse(id).ok_or_else(|| {
        Error::invalid(format!(
            "malformed endpoint ID: expected a UUID, got {} characters",
            id.len()
        ))
    })
}

/// Everything that is wrong with an endpoint, told at once.
fn check_spec(spec: &nexus::EndpointSpec, world: &World) -> Result<()> {
    let mut wrong: Vec<String> = Vec::new();
    if spec.name.is_empty() {
        wrong.push("endpoint name not set".to_owned());
    } else if spec.name.len() > limits::ENDPOINT_NAME_BYTES_MAX {
        wrong.push(format!(
            "endpoint name exceeds length limit of {}",
            limits::ENDPOINT_NAME_BYTES_MAX
        ));
    } else if !is_name(&spec.name) {
        wrong.push(r#"endpoint name must match the regex: "^[a-zA-Z][a-zA-Z0-9\\-]*[a-zA-Z0-9]$""#.to_owned());
    }
    let described = spec.description.as_ref().map_or(0, Message::encoded_len);
    if described > limits::ENDPOINT_DESCRIPTION_BYTES_MAX {
        wrong.push(format!(
            "description size exceeds limit of {}",
            limits::ENDPOINT_DESCRIPTION_BYTES_MAX
        ));
    }
    let target = spec.target.as_ref().and_then(|target| target.variant.as_ref());
    match target {
        None => wrong.push("empty target variant".to_owned()),
        Some(Variant::Worker(worker)) => {
            if let Err(error) = check_target_queue(&worker.task_queue) {
                wrong.push(format!("invalid target task queue: {:?}", error.message));
            }
        }
        Some(Variant::External(external)) => wrong.extend(wrong_url(&external.url)),
    }
    if !wrong.is_empty() {
        return Err(Error::invalid(wrong.join(", ")));
    }
    match target {
        Some(Variant::Worker(worker)) => {
            world.namespaces.find(&worker.namespace).map_err(|error| {
                Error::new(
                    Code::FailedPrecondition,
                    format!(
                        "could not verify namespace referenced by target exists: {}",
                        error.message
                    ),
                )
            })?;
        }
        Some(Variant::External(_)) if !world.outbound.can_call() => {
            return Err(Error::unbuilt(
                "an endpoint with an external target (calls leave the process) without the feature `grpc` of the server",
            ));
        }
        Some(Variant::External(external)) if has_scheme(&external.url, "https") && !world.outbound.can_encrypt() => {
            return Err(Error::unbuilt(
                "an endpoint with an external target over TLS, an address that begins with \"https://\", without the feature `tls` \
                 of the server",
            ));
        }
        _ => {}
    }
    Ok(())
}

/// What is wrong with the address of an external target.
fn wrong_url(url: &str) -> Option<String> {
    if url.is_empty() {
        return Some("empty target URL".to_owned());
    }
    if url.len() > limits::ENDPOINT_URL_BYTES_MAX {
        return Some(format!(
            "target URL length exceeds limit of {}",
            limits::ENDPOINT_URL_BYTES_MAX
        ));
    }
    if !has_scheme(url, "http") && !has_scheme(url, "https") {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        return Some(format!("invalid target URL scheme: {scheme:?}, expected http or https"));
    }
    let after = url.split_once("://").map_or("", |(_, after)| after);
    let host = after.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() {
        return Some(format!("invalid target URL: {url:?}: no host"));
    }
    if url.contains(|letter: char| letter.is_ascii_whitespace() || letter.is_ascii_control()) {
        return Some(format!("invalid target URL: {url:?}: invalid character"));
    }
    None
}

fn has_scheme(url: &str, scheme: &str) -> bool {
    url.split_once("://")
        .is_some_and(|(begin, _)| begin.eq_ignore_ascii_case(scheme))
}

fn check_target_queue(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid("taskQueue is not set"));
    }
    check_queue(name)
}

/// A letter, then letters, digits and dashes, at the end no dash.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    name.len() > 1
        && name.bytes().all(allowed)
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && !name.ends_with('-')
}
