//! A long run: waves of parallel activities, with a timer after each and signals meanwhile.

use crate::{activities::double, recorded::replays};
use steadfast::prelude::*;
use tests::{Outcome, millis};

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Waves {
    count: u64,
    width: u64,
}

#[derive(Default)]
struct WaveRun {
    extra: u64,
}

#[workflow]
impl WaveRun {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, waves: Waves) -> WorkflowResult<u64> {
        let mut sum = 0;
        for wave in 0..waves.count {
            let calls = (0..waves.width).map(|number| ctx.activity::<double>(wave * waves.width + number));
            for result in join_all(calls).await {
                sum += result?;
            }
            ctx.sleep(millis(1 + wave)).await?;
        }
        Ok(sum + ctx.state(|state| state.extra))
    }

    #[signal]
    fn add(&mut self, number: u64) {
        self.extra += number;
    }
}

#[test]
fn eighty_activities_in_ten_waves() -> Outcome {
    replays::<WaveRun>("wave_run")
}

#[test]
fn waves_of_activities_among_signals() -> Outcome {
    replays::<WaveRun>("wave_run_with_signals")
}
