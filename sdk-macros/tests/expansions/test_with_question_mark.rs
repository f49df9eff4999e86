#[steadfast::test]
#[should_panic(expected = "timed out")]
async fn an_order_times_out(env: TestEnv) {
    if env.is_slow() {
        return;
    }
    let order = env.client().start::<Order>(()).task_queue("orders").await?;
    assert_eq!(order.result().await?, "timed_out");
}
