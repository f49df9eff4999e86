#[activity(dynamic)]
async fn any(ctx: ActivityContext, args: RawArgs) -> Result<RawValue, ActivityError> {
    args.get(0)
}
