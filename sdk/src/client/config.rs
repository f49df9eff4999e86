//! Settings from environment variables and from the file that other SDKs and the `temporal` command line read.

use super::{Client, ClientBuilder, ConnectError};
use serde::Deserialize;
use std::{collections::BTreeMap, env, error::Error, fmt, fs, io, path::PathBuf};

const META_PREFIX: &str = "TEMPORAL_GRPC_META_";
const PROFILE_DEFAULT: &str = "default";

type Variables = BTreeMap<String, String>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    profile: BTreeMap<String, Profile>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Profile {
    address: Option<String>,
    namespace: Option<String>,
    api_key: Option<String>,
    tls: Option<TlsSettings>,
    grpc_meta: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TlsSettings {
    disabled: Option<bool>,
    server_name: Option<String>,
    disable_host_verification: Option<bool>,
    server_ca_cert_path: Option<String>,
    server_ca_cert_data: Option<String>,
    client_cert_path: Option<String>,
    client_cert_data: Option<String>,
    client_key_path: Option<String>,
    client_key_data: Option<String>,
}

impl Client {
    /// Connects as environment variables and the file `temporal.toml` say: see [`ClientBuilder::from_environment`].
    ///
    /// # Errors
    /// A setting is malformed, or the server cannot be reached.
    pub async fn from_environment() -> Result<Self, ConnectError> {
        ClientBuilder::from_environment()?.connect().await
    }
}

impl ClientBuilder {
    /// The settings that environment variables and the file `temporal.toml` give, as other SDKs read them. What a variable
    /// says goes before what the file says; what neither says is left at its default, and can be set on the builder.
    ///
    /// | variable | in the file, under `[profile.NAME]` |
    /// |---|---|
    /// | `TEMPORAL_CONFIG_FILE` | where the file is, else `temporalio/temporal.toml` where the system keeps the user's settings |
    /// | `TEMPORAL_PROFILE` | `NAME`, else `default` |
    /// | `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY` | `address`, `namespace`, `api_key` |
    /// | `TEMPORAL_TLS` (`true` or `false`) | `tls.disabled`, the other way round |
    /// | `TEMPORAL_TLS_SERVER_NAME` | `tls.server_name` |
    /// | `TEMPORAL_TLS_SERVER_CA_CERT_PATH`, `.._DATA` | `tls.server_ca_cert_path`, `.._data` |
    /// | `TEMPORAL_TLS_CLIENT_CERT_PATH`, `.._DATA` | `tls.client_cert_path`, `.._data` |
    /// | `TEMPORAL_TLS_CLIENT_KEY_PATH`, `.._DATA` | `tls.client_key_path`, `.._data` |
    /// | `TEMPORAL_GRPC_META_SOME_NAME` | `grpc_meta.some-name`, a header; an empty variable removes it |
    ///
    /// An API key or an entry of `tls` means an encrypted connection, unless it is disabled. No file is fine, unless a
    /// profile was asked for by name. Keys of the file that have no meaning here are passed over.
    ///
    /// # Errors
    /// A variable or the file is malformed, or there is no such profile, or no file of a certificate.
    pub fn from_environment() -> Result<Self, ConfigError> {
        let mut variables = Variables::new();
        for (name, value) in env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            let is_meant = name.starts_with("TEMPORAL_") || ["HOME", "XDG_CONFIG_HOME", "APPDATA"].contains(&&*name);
            if is_meant {
                let value = value.into_string();
                let value = value.map_err(|_| ConfigError::variable(&name, "its value is not UTF-8"))?;
                variables.insert(name, value);
            }
        }
        Self::from_variables(&variables)
    }

    /// The settings that a file gives, as [`from_environment`](Self::from_environment) reads them, and no environment
    /// variable: those of the profile of this name, or else of the one that is called `default`.
    ///
    /// # Errors
    /// There is no such file, it is malformed, or there is no such profile, or no file of a certificate.
    pub fn from_file(path: impl Into<PathBuf>, profile: Option<&str>) -> Result<Self, ConfigError> {
        let path = path.into();
        if let Err(error) = fs::metadata(&path) {
            return Err(ConfigError::file(Some(path), None, error.to_string()));
        }
        let Some(name) = path.to_str() else {
            return Err(ConfigError::file(Some(path), None, "its name is not UTF-8".to_owned()));
        };
        let mut variables = Variables::from([("TEMPORAL_CONFIG_FILE".to_owned(), name.to_owned())]);
        if let Some(profile) = profile {
            variables.insert("TEMPORAL_PROFILE".to_owned(), profile.to_owned());
        }
        Self::from_variables(&variables)
    }

    fn from_variables(variables: &Variables) -> Result<Self, ConfigError> {
        let mut profile = read_profile(variables)?;
        let own = |name: &str| variables.get(name).cloned();
        let mut tls = profile.tls.take();
        overlay_tls(&mut tls, variables)?;
        for (name, value) in variables {
            if let Some(name) = name.strip_prefix(META_PREFIX) {
                profile.grpc_meta.insert(name.replace('_', "-"), value.clone());
            }
        }
        let mut builder = Self::default();
        let mut address = own("TEMPORAL_ADDRESS").or(profile.address);
        if tls.as_ref().is_some_and(|tls| tls.disabled == Some(true)) {
            let plain = address.unwrap_or_else(|| "localhost:7233".to_owned());
            address = Some(if plain.contains("://") {
                plain
            } else {
                format!("http://{plain}")
            });
        } else if let Some(tls) = tls {
            builder = encrypted(builder, tls)?;
        }
        if let Some(address) = address {
            builder = builder.address(address);
        }
        if let Some(namespace) = own("TEMPORAL_NAMESPACE").or(profile.namespace) {
            builder = builder.namespace(namespace);
        }
        if let Some(key) = own("TEMPORAL_API_KEY").or(profile.api_key) {
            builder = builder.api_key(key);
        }
        // Names differ in case and in their signs only: the last one, of a variable, counts.
        let mut headers = BTreeMap::new();
        let (of_variables, of_file): (Vec<_>, Vec<_>) = profile
            .grpc_meta
            .into_iter()
            .partition(|(name, _)| variables.contains_key(&format!("{META_PREFIX}{}", name.replace('-', "_"))));
        for (name, value) in of_file.into_iter().chain(of_variables) {
            headers.insert(name.to_ascii_lowercase().replace('_', "-"), value);
        }
        for (name, value) in headers.into_iter().filter(|(_, value)| !value.is_empty()) {
            builder = builder.header(name, value);
        }
        Ok(builder)
    }
}

fn read_profile(variables: &Variables) -> Result<Profile, ConfigError> {
    let wanted = variables.get("TEMPORAL_PROFILE").filter(|name| !name.is_empty());
    let name = wanted.map_or(PROFILE_DEFAULT, String::as_str);
    let named = variables.get("TEMPORAL_CONFIG_FILE").filter(|path| !path.is_empty());
    let path = named.map(PathBuf::from).or_else(|| default_path(variables));
    let text = match path.as_ref().map(fs::read_to_string) {
        Some(Ok(text)) => Some(text),
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
            return Err(ConfigError::file(path, None, error.to_string()));
        }
        _ => None,
    };
    let mut file: File = match &text {
        Some(text) => toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count().saturating_add(1));
            ConfigError::file(path.clone(), line, error.message().to_owned())
        })?,
        None => File::default(),
    };
    match (file.profile.remove(name), wanted) {
        (None, Some(wanted)) => {
            let known: Vec<_> = file.profile.keys().map(String::as_str).collect();
            let reason = format!("there is no profile \"{wanted}\" in it, only [{}]", known.join(", "));
            Err(ConfigError::file(path, None, reason))
        }
        (profile, _) => Ok(profile.unwrap_or_default()),
    }
}

fn default_path(variables: &Variables) -> Option<PathBuf> {
    let under = |name: &str| variables.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let folder = if cfg!(windows) {
        under("APPDATA")
    } else if cfg!(target_os = "macos") {
        under("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        under("XDG_CONFIG_HOME").or_else(|| under("HOME").map(|home| home.join(".config")))
    };
    folder.map(|folder| folder.join("temporalio/temporal.toml"))
}

/// A switch, `None` if it is not set.
fn switch(variables: &Variables, name: &str) -> Result<Option<bool>, ConfigError> {
    match variables.get(name).map(|value| value.to_ascii_lowercase()).as_deref() {
        None | Some("") => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(other) => Err(ConfigError::variable(
            name,
            &format!("it is \"{other}\", and \"true\" or \"false\" are expected"),
        )),
    }
}

fn overlay_tls(tls: &mut Option<TlsSettings>, variables: &Variables) -> Result<(), ConfigError> {
    if let Some(enabled) = switch(variables, "TEMPORAL_TLS")? {
        tls.get_or_insert_default().disabled = Some(!enabled);
    }
    if let Some(disables) = switch(variables, "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION")? {
        tls.get_or_insert_default().disable_host_verification = Some(disables);
    }
    let own = |name: &str| variables.get(&format!("TEMPORAL_TLS_{name}")).cloned();
    if let Some(name) = own("SERVER_NAME") {
        tls.get_or_insert_default().server_name = Some(name);
    }
    for what in ["SERVER_CA_CERT", "CLIENT_CERT", "CLIENT_KEY"] {
        let (path, data) = (own(&format!("{what}_PATH")), own(&format!("{what}_DATA")));
        if path.is_some() && data.is_some() {
            let reason = format!("TEMPORAL_TLS_{what}_DATA is set too, and only one of them can be");
            return Err(ConfigError::variable(&format!("TEMPORAL_TLS_{what}_PATH"), &reason));
        }
        if path.is_some() || data.is_some() {
            let tls = tls.get_or_insert_default();
            let (old_path, old_data) = match what {
                "SERVER_CA_CERT" => (&mut tls.server_ca_cert_path, &mut tls.server_ca_cert_data),
                "CLIENT_CERT" => (&mut tls.client_cert_path, &mut tls.client_cert_data),
                _ => (&mut tls.client_key_path, &mut tls.client_key_data),
            };
            (*old_path, *old_data) = (path, data);
        }
    }
    Ok(())
}

#[cfg(not(feature = "tls"))]
#[allow(clippy::needless_pass_by_value)] // as with the feature
fn encrypted(_: ClientBuilder, _: TlsSettings) -> Result<ClientBuilder, ConfigError> {
    let reason = "encryption is asked for, and `steadfast` was built without its feature \"tls\"";
    Err(ConfigError::variable("TEMPORAL_TLS", reason))
}

#[cfg(feature = "tls")]
fn encrypted(builder: ClientBuilder, settings: TlsSettings) -> Result<ClientBuilder, ConfigError> {
    if settings.disable_host_verification == Some(true) {
        let reason = "servers are always verified here; name whom to trust by TEMPORAL_TLS_SERVER_CA_CERT_PATH, \
                      and the server by TEMPORAL_TLS_SERVER_NAME";
        return Err(ConfigError::variable("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", reason));
    }
    let mut tls = super::Tls::new();
    if let Some(name) = settings.server_name {
        tls = tls.domain(name);
    }
    let pem = |key: &str, path: Option<String>, data: Option<String>| match (path, data) {
        (Some(_), Some(_)) => {
            let reason = format!("tls.{key}_path and tls.{key}_data are both set, and only one of them can be");
            Err(ConfigError::file(None, None, reason))
        }
        (Some(path), None) => match fs::read(&path) {
            Ok(pem) => Ok(Some(pem)),
            Err(error) => Err(ConfigError::file(Some(path.into()), None, error.to_string())),
        },
        (None, data) => Ok(data.map(String::into_bytes)),
    };
    if let Some(root) = pem(
        "server_ca_cert",
        settings.server_ca_cert_path,
        settings.server_ca_cert_data,
    )? {
        tls = tls.root_certificate(root);
    }
    let certificate = pem("client_cert", settings.client_cert_path, settings.client_cert_data)?;
    match (
        certificate,
        pem("client_key", settings.client_key_path, settings.client_key_data)?,
    ) {
        (Some(certificate), Some(key)) => tls = tls.client_certificate(certificate, key),
        (None, None) => {}
        (certificate, _) => {
            let missing = if certificate.is_some() { "KEY" } else { "CERT" };
            let reason = "a client's certificate and its key belong together, and this one is missing";
            return Err(ConfigError::variable(
                &format!("TEMPORAL_TLS_CLIENT_{missing}_PATH"),
                reason,
            ));
        }
    }
    Ok(builder.tls(tls))
}

/// What is the matter with a setting from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
        /// What was expected, and what came.
        reason: String,
    },
    /// A file: the settings, or a certificate that they name.
    File {
        /// Where it is, `None` if the system has no place for it.
        path: Option<PathBuf>,
        /// The line that cannot be read, from 1 on, if it is known.
        line: Option<usize>,
        /// What was expected, and what came.
        reason: String,
    },
}

impl ConfigError {
    fn variable(name: &str, reason: &str) -> Self {
        Self::Variable {
            name: name.to_owned(),
            reason: reason.to_owned(),
        }
    }

    fn file(path: Option<PathBuf>, line: Option<usize>, reason: String) -> Self {
        Self::File { path, line, reason }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable { name, reason } => write!(f, "the environment variable {name}: {reason}"),
            Self::File { path, line, reason } => {
                match path {
                    Some(path) => write!(f, "{}", path.display())?,
                    None => f.write_str("temporal.toml")?,
                }
                line.map_or(Ok(()), |line| write!(f, ":{line}"))?;
                write!(f, ": {reason}")
            }
        }
    }
}

impl Error for ConfigError {}

impl From<ConfigError> for ConnectError {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    const FILE: &str = "[profile.default]
address = \"file:1\"
namespace = \"from-file\"
codec = { endpoint = \"passed over\" }
[profile.default.grpc_meta]
Some-Key = \"from file\"
[profile.default.tls]
disabled = true
[profile.other]
address = \"other:1\"
";

    /// A file that is gone with the test.
    struct Written(PathBuf);

    impl Written {
        fn new(name: &str, text: &str) -> Self {
            let path = env::temp_dir().join(format!("steadfast-{}-{name}.toml", std::process::id()));
            fs::write(&path, text).unwrap();
            Self(path)
        }

        fn path(&self) -> &str {
            self.0.to_str().unwrap()
        }
    }

    impl Drop for Written {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    /// What the variables give: address, namespace, headers, and the key if there is one.
    fn read(variables: &[(&str, &str)]) -> Result<String, String> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let builder = ClientBuilder::from_variables(&variables.collect()).map_err(|error| error.to_string())?;
        let or_none = |setting: &Option<String>| setting.clone().unwrap_or_else(|| "-".to_owned());
        let mut text = format!("{} {}", or_none(&builder.address), or_none(&builder.namespace));
        for (name, value) in &builder.headers {
            write!(text, " {name}={value}").unwrap();
        }
        if let Some(key) = &builder.api_key {
            write!(text, " key {key}").unwrap();
        }
        Ok(text)
    }

    #[test]
    fn without_variables_and_file_all_is_as_by_default() {
        assert_eq!(read(&[]).as_deref(), Ok("- -"));
        assert_eq!(
            read(&[("TEMPORAL_CONFIG_FILE", "/no/such/file.toml")]).as_deref(),
            Ok("- -")
        );
    }

    #[test]
    fn variables_go_before_the_file() {
        let file = Written::new("before", FILE);
        let config = ("TEMPORAL_CONFIG_FILE", file.path());
        assert_eq!(
            read(&[config]).as_deref(),
            Ok("http://file:1 from-file some-key=from file")
        );
        let variables = [
            config,
            ("TEMPORAL_ADDRESS", "mine:1"),
            ("TEMPORAL_API_KEY", "secret"),
            ("TEMPORAL_GRPC_META_SOME_KEY", "mine"),
            ("TEMPORAL_GRPC_META_TENANT", "7"),
        ];
        let all = "http://mine:1 from-file some-key=mine tenant=7 key secret";
        assert_eq!(read(&variables).as_deref(), Ok(all));
        let removed = [config, ("TEMPORAL_GRPC_META_SOME_KEY", "")];
        assert_eq!(read(&removed).as_deref(), Ok("http://file:1 from-file"));
    }

    #[test]
    fn a_profile_is_chosen_by_its_name() {
        let file = Written::new("profile", FILE);
        let config = ("TEMPORAL_CONFIG_FILE", file.path());
        assert_eq!(
            read(&[config, ("TEMPORAL_PROFILE", "other")]).as_deref(),
            Ok("other:1 -")
        );
        let error = read(&[config, ("TEMPORAL_PROFILE", "third")]).unwrap_err();
        assert!(
            error.contains(file.path()) && error.contains("\"third\"") && error.contains("default, other"),
            "{error}"
        );
    }

    #[test]
    fn what_cannot_be_read_is_named_with_file_and_line() {
        let file = Written::new("type", "[profile.default]\nnamespace = \"n\"\naddress = 7\n");
        let error = read(&[("TEMPORAL_CONFIG_FILE", file.path())]).unwrap_err();
        assert!(error.starts_with(&format!("{}:3: ", file.path())), "{error}");
        let file = Written::new("syntax", "[profile.default\n");
        let error = read(&[("TEMPORAL_CONFIG_FILE", file.path())]).unwrap_err();
        assert!(error.starts_with(&format!("{}:1: ", file.path())), "{error}");
    }

    #[test]
    fn a_malformed_variable_is_named() {
        let error = read(&[("TEMPORAL_TLS", "maybe")]).unwrap_err();
        assert!(error.contains("TEMPORAL_TLS") && error.contains("\"maybe\""), "{error}");
        let error = read(&[
            ("TEMPORAL_TLS_CLIENT_KEY_PATH", "/a"),
            ("TEMPORAL_TLS_CLIENT_KEY_DATA", "b"),
        ])
        .unwrap_err();
        assert!(error.contains("TEMPORAL_TLS_CLIENT_KEY_PATH"), "{error}");
        assert_eq!(
            read(&[("TEMPORAL_TLS", "false")]).as_deref(),
            Ok("http://localhost:7233 -")
        );
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn encryption_without_the_feature_is_an_error_that_names_it() {
        let error = read(&[("TEMPORAL_TLS", "true")]).unwrap_err();
        assert!(error.contains("feature \"tls\""), "{error}");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn encryption_reads_certificates_and_says_which_are_missing() {
        assert!(read(&[("TEMPORAL_TLS", "true")]).is_ok());
        let error = read(&[("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "/no/such/ca.pem")]).unwrap_err();
        assert!(error.starts_with("/no/such/ca.pem: "), "{error}");
        let error = read(&[("TEMPORAL_TLS_CLIENT_CERT_DATA", "certificate")]).unwrap_err();
        assert!(error.contains("TEMPORAL_TLS_CLIENT_KEY_PATH"), "{error}");
        let error = read(&[("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "true")]).unwrap_err();
        assert!(error.contains("always verified"), "{error}");
    }
}
