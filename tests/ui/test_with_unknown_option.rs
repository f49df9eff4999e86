use steadfast::testing::TestEnv;

#[steadfast::test(time = "real")]
async fn a_test(env: TestEnv) {
    drop(env);
}

fn main() {}
