use steadfast::testing::TestEnv;

#[steadfast::test]
async fn a_test(env: TestEnv, name: String) {
    drop((env, name));
}

fn main() {}
