//! The outputs of a plan, and what the stages do for each: a stage that is new in an output's lane gets its settings
//! here.

use std::error::Error;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use lanner_alert::Schedule;
use lanner_alert::falco::{JsonOptions, TimeFormat};
use lanner_diagnostic::{SourceId, SourceText};
use lanner_integration_tests::pipe::{PipeLimit, PipeOutput};
use lanner_outputs::Common;
use lanner_router::{
    BreakerSettings, DedupSettings, DeliverySettings, DigestSettings, GroupSettings, Jitter, LimitSettings,
    Output, OutputPolicy, Route, system_jitter,
};

/// The way to the outputs: to all of them, each by a route of its own.
pub fn route(outputs: &[PipeOutput]) -> Route {
    let routes = outputs.iter().zip(0..).map(|(output, at)| Route {
        name: output.name.as_str().into(),
        group: output.group.map(group).map(Arc::new),
        outputs: Some(vec![at]),
        continues: true,
        ..Route::all(0)
    });
    Route { routes: routes.collect(), ..Route::all(0) }
}

fn group((wait, interval): (Duration, Duration)) -> GroupSettings {
    GroupSettings { by: vec!["container.name".to_owned()], wait, interval, idle: interval * 2 }
}

fn digest(every: Duration) -> DigestSettings {
    DigestSettings { schedule: Schedule::Every(every), zone: TimeZone::UTC, immediate_from: None }
}

/// What the stages do for an output.
pub fn policy(output: &PipeOutput) -> OutputPolicy {
    let limit = |limit: &PipeLimit| LimitSettings {
        per: limit.per.clone(),
        period: limit.period,
        burst: NonZeroU32::new(limit.burst).unwrap_or(NonZeroU32::MIN),
        summary: limit.summary,
    };
    OutputPolicy {
        audit: output.audit,
        dedup: output.dedup.map(|window| DedupSettings { by: Vec::new(), window }),
        limit: output.limit.as_ref().map(limit),
        digest: output.digest.map(digest),
        ..OutputPolicy::everything(&output.name)
    }
}

/// An output, and how it is sent to.
type Built = (Box<dyn Output>, DeliverySettings, Jitter);

/// The output of a plan.
pub fn build(output: &PipeOutput) -> Result<Built, Box<dyn Error>> {
    let source = SourceText::new("plan", output.settings.clone());
    let mut nodes = lanner_diagnostic::parse(&source, SourceId::default())
        .map_err(|error| format!("{}: {error:?}", output.settings))?;
    let mut common = Common {
        name: output.name.as_str().into(),
        hostname: "pipe".into(),
        batch: output.batch,
        json_output: true,
        json: JsonOptions::new(TimeFormat::Iso8601),
        zone: TimeZone::UTC,
        templates: Default::default(),
    };
    let (templates, wrong) = lanner_outputs::take_templates(&output.kind, &mut nodes[0], &common);
    if let Some(wrong) = wrong.first() {
        return Err(format!("{}: {}", output.settings, wrong.message).into());
    }
    common.templates = templates;
    let built = lanner_outputs::build(&output.kind, &nodes[0], &common)
        .map_err(|error| format!("{}: {}", output.settings, error.message))?;
    let mut delivery = DeliverySettings { batch: output.batch, ..DeliverySettings::default() };
    if let Some((failures, pause)) = output.breaker {
        delivery.breaker = BreakerSettings { failures, pause };
    }
    Ok((built, delivery, system_jitter()))
}
