//! What the run's client backends do at one moment: `pg_stat_activity`.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{
    absence::Absence,
    capabilities::Capabilities,
    monitor::{Monitor, Question},
};

/// The function below the view, which would also look up names of roles and databases. The times are of the whole
/// answer, since the outer query begins when the inner one has ended.
const SQL: &str = "
    SELECT is_checkpointer, state, wait_event_type, wait_event, backends, pids,
           extract(epoch FROM clock_timestamp() - statement_timestamp())::float8
    FROM (SELECT backend_type = 'checkpointer' AS is_checkpointer, state, wait_event_type, wait_event,
                 count(*)::int4 AS backends, array_agg(pid) AS pids
          FROM pg_stat_get_activity(NULL::int4)
          WHERE backend_type = 'client backend' AND application_name = $1 OR backend_type = 'checkpointer'
          GROUP BY 1, 2, 3, 4) seen";

/// What the checkpointer waits for when it has nothing to do.
const IDLE_CHECKPOINTER: &str = "CheckpointerMain";

/// One look at the backends.
#[derive(Clone, Debug)]
pub struct Look {
    /// When it was asked for.
    pub asked: Instant,
    /// From question to answer.
    pub took: Duration,
    /// Elapsed time within the server.
    pub in_server: Option<Duration>,
    /// State, wait class and event, such as `active/Lock:transactionid`, to the backends in it.
    pub backends: BTreeMap<String, u32>,
    /// Processes of these backends.
    pub pids: Vec<i32>,
    /// Whether a checkpoint runs; `None` where the checkpointer is hidden from the role.
    pub checkpoint: Option<bool>,
}

pub(super) fn sql(server: &Capabilities) -> Result<String, Absence> {
    if server.is_on("track_activities") {
        Ok(SQL.to_owned())
    } else {
        Err(Absence::SettingOff { setting: "track_activities" })
    }
}

/// Looks at the client backends that call themselves `application_name`.
///
/// # Errors
/// The server does not answer, or does not track activities.
pub async fn look(monitor: &mut Monitor, application_name: &str) -> Result<Look, Absence> {
    monitor.prepare().await?;
    let asked = Instant::now();
    let rows = monitor.ask(Question::Activity, &[&application_name]).await?;
    let mut look = Look {
        asked,
        took: asked.elapsed(),
        in_server: None,
        backends: BTreeMap::new(),
        pids: Vec::new(),
        checkpoint: None,
    };
    for row in rows {
        let event: Option<String> = row.try_get(3)?;
        let seconds: f64 = row.try_get(6)?;
        look.in_server = look.in_server.max(Duration::try_from_secs_f64(seconds).ok());
        if row.try_get(0)? {
            look.checkpoint = Some(event.as_deref() != Some(IDLE_CHECKPOINTER));
            continue;
        }
        let (state, class): (Option<String>, Option<String>) = (row.try_get(1)?, row.try_get(2)?);
        let backends: i32 = row.try_get(4)?;
        let name = name(state.as_deref(), class.as_deref(), event.as_deref());
        *look.backends.entry(name).or_default() += u32::try_from(backends).unwrap_or(0);
        look.pids.extend(row.try_get::<_, Vec<i32>>(5)?);
    }
    Ok(look)
}

/// A backend that has not yet begun its first statement has no state.
fn name(state: Option<&str>, class: Option<&str>, event: Option<&str>) -> String {
    let state = state.filter(|state| !state.is_empty()).unwrap_or("starting");
    match (class, event) {
        (Some(class), Some(event)) => format!("{state}/{class}:{event}"),
        _ => format!("{state}/-"),
    }
}
