use steadfast::testing::TestEnv;

#[steadfast::test]
fn a_test(env: TestEnv) {
    drop(env);
}

fn main() {}
