//! What the program is told on its command line.

use crate::dynamic_config;
use lexopt::{Arg, Parser, ValueExt};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use steadfast_server::{Limits, SearchAttributeType, Time};

pub(crate) const HELP: &str = "\
A Temporal-compatible server.

Usage: steadfast-server [OPTIONS]
       steadfast-server server start-dev [OPTIONS]    (as the temporal command line has it)
       steadfast-server PORT [--enable-time-skipping] (a test server, whose time skips when it is unlocked)

Options:
      --ip <IP>                Address to listen on [default: 127.0.0.1]
  -p, --port <PORT>            Port to listen on; 0 picks a free one [default: 7233]
  -n, --namespace <NAME>       A namespace besides `default`; may be repeated
      --search-attribute <NAME=TYPE>
                               A search attribute of every namespace; may be repeated. Types: Text, Keyword, Int,
                               Double, Bool, Datetime, KeywordList
      --dynamic-config-value <KEY=VALUE>
                               Another limit, by the original's name for it, like
                               limit.historyCount.suggestContinueAsNew=100; may be repeated. What has no effect here
                               is told on standard error
      --time <real|virtual>    Virtual time jumps over waits when nothing else is left to do [default: real]
      --log-level <LEVEL>      error, warn, info, debug, trace or never [default: warn]
      --log-format <FORMAT>    text or pretty, which are the same here [default: text]
      --headless               There is no web UI anyway
      --http-port <PORT>, --metrics-port <PORT>, --ui-*
                               There is no HTTP API, no page of metrics and no web UI; that is told on standard error
  -h, --help                   Prints this
  -V, --version                Prints the version

Everything is kept in memory: --db-filename is refused.";

/// How the server is to be.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) address: SocketAddr,
    pub(crate) namespaces: Vec<String>,
    pub(crate) search_attributes: Vec<(String, SearchAttributeType)>,
    pub(crate) time: Time,
    /// Time skips only between an unlock and a lock of the test service.
    pub(crate) is_locked: bool,
    pub(crate) limits: Limits,
    /// None for no logs.
    pub(crate) log_level: Option<tracing::Level>,
    /// What was asked for and has no effect.
    pub(crate) warnings: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 7233),
            namespaces: Vec::new(),
            search_attributes: Vec::new(),
            time: Time::Real,
            is_locked: false,
            limits: Limits::default(),
            log_level: Some(tracing::Level::WARN),
            warnings: Vec::new(),
        }
    }
}

impl Options {
    fn has_no(&mut self, name: &str, what: &str) {
        self.warnings
            .push(format!("--{name} has no effect: there is no {what}"));
    }
}

/// What the program is to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Serve(Box<Options>),
    Help,
    Version,
}

/// Reads the command line.
pub(crate) fn read(mut arguments: Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options::default();
    let mut words = 0;
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Value(word) => {
                let word = word.string()?;
                match (words, word.as_str()) {
                    (0, "server") | (1, "start-dev") if !options.is_locked => {}
                    (0, port) => {
                        let port = port.parse().map_err(|_| {
                            format!("{port:?}: expected `server start-dev`, the port of a test server, or options")
                        })?;
                        options.address.set_port(port);
                        options.time = Time::Virtual;
                        options.is_locked = true;
                    }
                    (1, other) if !options.is_locked => {
                        return Err(format!("server {other}: the only command is `server start-dev`").into());
                    }
                    (_, other) => return Err(Arg::Value(other.into()).unexpected()),
                }
                words += 1;
            }
            Arg::Long("enable-time-skipping") if options.time == Time::Virtual => options.is_locked = false,
            argument => option(&mut options, &argument_name(argument)?, &mut arguments)?,
        }
    }
    if words == 1 && options.time == Time::Real {
        return Err("server: expected `server start-dev`".into());
    }
    Ok(Command::Serve(Box::new(options)))
}

fn argument_name(argument: Arg<'_>) -> Result<String, lexopt::Error> {
    Ok(match argument {
        Arg::Short('p') => "port".to_owned(),
        Arg::Short('n') => "namespace".to_owned(),
        Arg::Short('f') => "db-filename".to_owned(),
        Arg::Long(name) => name.to_owned(),
        other => return Err(other.unexpected()),
    })
}

fn option(options: &mut Options, name: &str, arguments: &mut Parser) -> Result<(), lexopt::Error> {
    match name {
        "ip" => options.address.set_ip(arguments.value()?.parse_with(ip)?),
        "port" => options.address.set_port(arguments.value()?.parse()?),
        "namespace" => options.namespaces.push(arguments.value()?.string()?),
        "search-attribute" => options
            .search_attributes
            .push(arguments.value()?.parse_with(search_attribute)?),
        "dynamic-config-value" => {
            let value = arguments.value()?.string()?;
            let warning = dynamic_config::apply(&mut options.limits, &value)?;
            options.warnings.extend(warning);
        }
        "time" => {
            options.time = arguments.value()?.parse_with(|text| match text {
                "real" => Ok(Time::Real),
                "virtual" => Ok(Time::Virtual),
                _ => Err("expected `real` or `virtual`"),
            })?;
        }
        "log-level" => {
            options.log_level = arguments.value()?.parse_with(|text| match text {
                "never" => Ok(None),
                level => level.parse().map(Some),
            })?;
        }
        "log-format" => arguments.value()?.parse_with(|text| match text {
            "text" | "pretty" => Ok(()),
            _ => Err("expected `text` or `pretty`: others are not built"),
        })?,
        "headless" => {}
        "ui-port" | "ui-ip" | "ui-public-path" | "ui-asset-path" | "ui-codec-endpoint" => {
            arguments.value()?;
            options.has_no(name, "web UI");
        }
        "ui-disable-news-fetch" => options.has_no(name, "web UI"),
        "http-port" => {
            arguments.value()?;
            options.has_no(name, "HTTP API, gRPC alone");
        }
        "metrics-port" => {
            arguments.value()?;
            options.has_no(name, "page of metrics");
        }
        "db-filename" => {
            return Err("--db-filename: keeping data on disk is not built; without it everything is in memory".into());
        }
        _ => return Err(Arg::Long(name).unexpected()),
    }
    Ok(())
}

fn ip(text: &str) -> Result<IpAddr, std::net::AddrParseError> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        text => text.parse(),
    }
}

fn search_attribute(text: &str) -> Result<(String, SearchAttributeType), String> {
    let (name, kind) = text.split_once('=').ok_or("expected NAME=TYPE")?;
    Ok((name.to_owned(), kind.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(line: &str) -> Result<Command, String> {
        read(Parser::from_args(line.split_whitespace())).map_err(|error| error.to_string())
    }

    fn options(line: &str) -> Options {
        match read_line(line) {
            Ok(Command::Serve(options)) => *options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn what_other_sdks_pass_is_understood() {
        let options = options(
            "server start-dev --port 1234 --namespace other --ip 127.0.0.1 --log-format pretty --log-level warn \
             --dynamic-config-value frontend.enableServerVersionCheck=false \
             --dynamic-config-value frontend.enableUpdateWorkflowExecution=true \
             --dynamic-config-value frontend.enableUpdateWorkflowExecutionAsyncAccepted=true \
             --search-attribute Team=Keyword --headless",
        );
        let expected = Options {
            address: ([127, 0, 0, 1], 1234).into(),
            namespaces: vec!["other".to_owned()],
            search_attributes: vec![("Team".to_owned(), SearchAttributeType::Keyword)],
            ..Options::default()
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn a_port_alone_is_a_test_server() {
        let locked = options("1234");
        assert_eq!(
            (locked.address.port(), locked.time, locked.is_locked),
            (1234, Time::Virtual, true)
        );
        assert!(!options("1234 --enable-time-skipping").is_locked);
    }

    #[test]
    fn limits_are_set_by_their_names() {
        let options = options("--dynamic-config-value limit.historyCount.suggestContinueAsNew=7");
        assert_eq!(options.limits.suggest_events, 7);
        assert!(options.warnings.is_empty());
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let line = "--ui-port 8233 --ui-disable-news-fetch --http-port 7243 --metrics-port 1 --dynamic-config-value some.thing=1";
        let told = options(line).warnings;
        let expected = [
            "--ui-port",
            "--ui-disable-news-fetch",
            "--http-port",
            "--metrics-port",
            "some.thing",
        ];
        assert_eq!(told.len(), expected.len());
        assert!(
            told.iter().zip(expected).all(|(told, name)| told.contains(name)),
            "{told:?}"
        );
    }

    #[test]
    fn what_can_not_be_is_refused_with_a_reason() {
        for (line, reason) in [
            ("--bogus", "--bogus"),
            ("server", "start-dev"),
            ("server stop", "start-dev"),
            ("bogus", "start-dev"),
            ("1234 5678", "5678"),
            ("--enable-time-skipping", "--enable-time-skipping"),
            ("server start-dev --db-filename a.db", "in memory"),
            ("-f a.db", "in memory"),
            ("--search-attribute Team", "NAME=TYPE"),
            ("--search-attribute Team=Colour", "KeywordList"),
            ("--dynamic-config-value limit.blobSize.error=big", "number"),
            ("--dynamic-config-value limit.blobSize.error", "KEY=VALUE"),
            ("--log-format json", "text"),
        ] {
            let refused = read_line(line).unwrap_err();
            assert!(refused.contains(reason), "{line}: {refused}");
        }
    }
}
