#[::core::prelude::v1::test]
#[should_panic(expected = "timed out")]
fn an_order_times_out() {
    async fn an_order_times_out(env: TestEnv) -> ::steadfast::__private::TestResult {
        #[allow(clippy::let_unit_value)]
        let () = {
            if env.is_slow() {
                return ::core::result::Result::Ok(());
            }
            let order = env.client().start::<Order>(()).task_queue("orders").await?;
            assert_eq!(order.result(). await ?, "timed_out");
        };
        #[allow(unreachable_code)] ::core::result::Result::Ok(())
    }
    ::core::result::Result::unwrap(
        ::steadfast::__private::run_test(|environment| an_order_times_out(environment)),
    )
}
