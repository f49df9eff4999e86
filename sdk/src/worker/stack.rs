//! Lines of users' code on the stack.

use std::backtrace::Backtrace;

/// The innermost line of workflow code on the stack of the caller: `src/main.rs:12:9`. `None` without debug information.
pub(super) fn workflow_line() -> Option<String> {
    innermost(&Backtrace::force_capture().to_string())
}

/// A frame is a line with its function, and one with its place if that is known.
fn innermost(stack: &str) -> Option<String> {
    let mut function = "";
    for line in stack.lines() {
        let line = line.trim_start();
        if let Some(place) = line.strip_prefix("at ") {
            if !is_library(function, place) {
                return Some(place.strip_prefix("./").unwrap_or(place).to_owned());
            }
        } else {
            function = line.split_once(": ").map_or(line, |(_, function)| function);
            // What lies around it isn't the workflow's.
            if function.starts_with("steadfast_core::guard::") {
                return None;
            }
        }
    }
    None
}

fn is_library(function: &str, place: &str) -> bool {
    let function = function.trim_start_matches(['<', '&']);
    let is_ours = ["steadfast::", "steadfast_core::"]
        .iter()
        .any(|name| function.starts_with(name));
    let is_elsewhere = ["/rustc/", "/rustlib/", "/registry/src/", "/git/checkouts/"]
        .iter()
        .any(|folder| place.contains(folder));
    is_ours || is_elsewhere
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = "\
   0: <steadfast_core::run::foreign::Probe as core::ops::drop::Drop>::drop
             at /src/sdk-core/src/run/foreign.rs:100:9
   1: core::ptr::drop_in_place
             at /rustc/59807616e/library/core/src/ptr/mod.rs:524:1
   2: tokio::sync::oneshot::Receiver<T>::poll
             at /home/ada/.cargo/registry/src/index/tokio-1.48.0/src/sync/oneshot.rs:1131:5
   3: <steadfast::workflow::timeout::Timeout<F> as core::future::future::Future>::poll
             at /src/sdk/src/workflow/timeout.rs:40:9
   4: shop::Order::run::{{closure}}
             at ./src/order.rs:12:34
   5: steadfast_core::guard::call
             at /src/sdk-core/src/guard.rs:13:5
   6: shop::main
             at ./src/main.rs:3:1
";

    #[test]
    fn the_innermost_line_that_is_not_a_library_s_is_told() {
        assert_eq!(innermost(STACK).as_deref(), Some("src/order.rs:12:34"));
    }

    #[test]
    fn without_a_line_of_workflow_code_or_without_any_nothing_is_told() {
        let without: Vec<&str> = STACK.lines().filter(|line| !line.contains("order.rs")).collect();
        assert_eq!(innermost(&without.join("\n")), None);
        let bare: Vec<&str> = STACK.lines().filter(|line| !line.contains(" at ")).collect();
        assert_eq!(innermost(&bare.join("\n")), None);
    }
}
