//! Whichever comes first, in written order.

use std::convert::Infallible;

/// Which branch of a [`select!`](crate::select) was first: generated code nests it.
#[doc(hidden)]
pub enum Branch<This, Others = Infallible> {
    /// This one.
    This(This),
    /// One of those written below it.
    Other(Others),
}

/// Waits for several things at once and goes on with the first that is ready; the others are dropped.
///
/// Branches are looked at in written order, on every replay alike. (`tokio::select!` looks at them in random order, and
/// so must not be used in a workflow.) A branch is `pattern = future => expression`; what can be awaited can be a branch,
/// by value or as `&mut` to be awaited again later. Dropped timers and waits are cancelled; activities run on.
///
/// ```
/// # use steadfast::select;
/// # futures_executor(async {
/// let first = select! {
///     number = async { 1 } => number,
///     () = std::future::pending() => { unreachable!("never ready") }
/// };
/// assert_eq!(first, 1);
/// # });
/// # fn futures_executor(future: impl std::future::Future<Output = ()>) {
/// #     tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
/// # }
/// ```
#[macro_export]
macro_rules! select {
    // All branches are known: `[future pattern expression]` each.
    (@branches [$([$name:ident $future:expr, $pattern:pat, $then:expr])+]) => {{
        let output = {
            $( let mut $name = ::core::pin::pin!(::core::future::IntoFuture::into_future($future)); )+
            ::core::future::poll_fn(|context| $crate::select!(@poll context $($name)+)).await
        };
        $crate::select!(@match output $([$pattern, $then])+)
    }};
    (@branches [$($done:tt)*] $pattern:pat = $future:expr => $then:block, $($rest:tt)*) => {
        $crate::select!(@branches [$($done)* [future $future, $pattern, $then]] $($rest)*)
    };
    (@branches [$($done:tt)*] $pattern:pat = $future:expr => $then:block $($rest:tt)*) => {
        $crate::select!(@branches [$($done)* [future $future, $pattern, $then]] $($rest)*)
    };
    (@branches [$($done:tt)*] $pattern:pat = $future:expr => $then:expr, $($rest:tt)*) => {
        $crate::select!(@branches [$($done)* [future $future, $pattern, $then]] $($rest)*)
    };
    (@branches [$($done:tt)*] $pattern:pat = $future:expr => $then:expr) => {
        $crate::select!(@branches [$($done)* [future $future, $pattern, $then]])
    };
    (@poll $context:ident) => {
        ::core::task::Poll::<::core::convert::Infallible>::Pending
    };
    (@poll $context:ident $name:ident $($rest:ident)*) => {
        match ::core::future::Future::poll(::core::pin::Pin::as_mut(&mut $name), $context) {
            ::core::task::Poll::Ready(output) => ::core::task::Poll::Ready($crate::__private::Branch::This(output)),
            ::core::task::Poll::Pending => ::core::task::Poll::map(
                $crate::select!(@poll $context $($rest)*),
                $crate::__private::Branch::Other,
            ),
        }
    };
    (@match $output:ident) => { match $output {} };
    (@match $output:ident [$pattern:pat, $then:expr] $($rest:tt)*) => {
        match $output {
            $crate::__private::Branch::This($pattern) => $then,
            $crate::__private::Branch::Other(others) => $crate::select!(@match others $($rest)*),
        }
    };
    (@ $($wrong:tt)*) => {
        ::core::compile_error!("a branch of `select!` is `pattern = future => expression`, branches are separated by commas")
    };
    () => {
        ::core::compile_error!("`select!` needs at least one branch: `pattern = future => expression`")
    };
    ($($branches:tt)+) => { $crate::select!(@branches [] $($branches)+) };
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    #[tokio::test]
    async fn the_branch_written_first_wins_when_several_are_ready() {
        for _ in 0..64 {
            let winner = select! {
                () = pending() => "never",
                () = ready(()) => "second",
                () = ready(()) => "third",
            };
            assert_eq!(winner, "second");
        }
    }

    #[tokio::test]
    async fn a_future_lent_to_a_branch_can_be_awaited_again() {
        let (sender, mut receiver) = tokio::sync::oneshot::channel::<u32>();
        let early = select! {
            _ = &mut receiver => true,
            () = ready(()) => false
        };
        assert!(!early);
        sender.send(7).unwrap();
        assert_eq!(receiver.await, Ok(7));
    }

    #[tokio::test]
    async fn branches_may_leave_the_function_and_use_what_their_futures_borrowed() {
        async fn decide(list: &mut Vec<u32>) -> Result<u32, String> {
            loop {
                let length = list.len();
                select! {
                    found = async { if length > 2 { Some(length) } else { pending().await } } => {
                        if let Some(found) = found { return u32::try_from(found).map_err(|error| error.to_string()) }
                    }
                    () = ready(()) => list.push(1),
                }
            }
        }
        assert_eq!(decide(&mut Vec::new()).await, Ok(3));
    }

    #[tokio::test]
    async fn the_losers_are_dropped_before_the_branch_runs() {
        struct Flag(std::rc::Rc<std::cell::Cell<bool>>);
        impl Drop for Flag {
            fn drop(&mut self) {
                self.0.set(true);
            }
        }
        let dropped = std::rc::Rc::new(std::cell::Cell::new(false));
        let flag = Flag(dropped.clone());
        let loser = async move {
            let _flag = flag;
            pending::<()>().await;
        };
        assert!(select! { () = loser => false, () = ready(()) => dropped.get() });
    }
}
