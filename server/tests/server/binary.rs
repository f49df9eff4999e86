//! The server as a program.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_steadfast-server"))
}

#[test]
fn it_prints_one_line_when_it_listens_and_ends_when_asked() {
    for signal in ["-INT", "-TERM"] {
        let mut child = program()
            .args(["--port", "0", "--namespace", "other"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let address = line.strip_prefix("steadfast-server listening on ").unwrap();
        std::net::TcpStream::connect(address).unwrap();
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        assert!(child.wait().unwrap().success(), "{signal}");
        assert!(lines.next().is_none(), "one line and no more");
    }
}

#[test]
fn it_says_what_it_can_and_what_it_is() {
    let help = program().arg("--help").output().unwrap();
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("--port"));
    let version = program().arg("--version").output().unwrap();
    assert_eq!(
        String::from_utf8(version.stdout).unwrap(),
        concat!("steadfast-server ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn an_unknown_option_is_an_error_of_the_user() {
    let refused = program().arg("--bogus").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("--bogus") && text.contains("--help"), "{text}");
}
