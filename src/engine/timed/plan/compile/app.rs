//! What applications do, compiled.

use super::{Compiler, number};
use crate::engine::draws::Purpose;
use crate::engine::flow::{AppRun, RunCall};
use crate::engine::timed::plan::{PlanAppCall, PlanRun};
use crate::engine::timed::slab::id;
use crate::units::Share;

impl Compiler<'_> {
    /// Compiles a request at an application.
    pub(super) fn run(&mut self, run: &AppRun) -> PlanRun {
        let steps = run.steps.iter().map(|step| {
            let calls: Vec<PlanAppCall> = step.iter().map(|call| self.app_call(call)).collect();
            let first = id(self.plan.app_calls.len());
            self.plan.app_calls.extend(calls);
            first..id(self.plan.app_calls.len())
        });
        let steps: Vec<_> = steps.collect();
        let first = id(self.plan.steps.len());
        self.plan.steps.extend(steps);
        let label = (run.app.clone(), run.version.clone());
        let site = self.flow.sites[run.site as usize].path.clone();
        let hop = (site, run.app.clone(), run.version.clone());
        PlanRun {
            label: number(&mut self.names.labels, &mut self.plan.labels, label),
            hop: number(&mut self.names.hops, &mut self.plan.hops, hop),
            errors: (run.error_rate.numerator(), run.error_rate.denominator()),
            error: self.column(Purpose::AppError, run.site),
            service_time: self.column(Purpose::ServiceTime, run.site),
            failed: 0,
            status: run.status,
            steps: first..id(self.plan.steps.len()),
        }
    }

    fn app_call(&mut self, call: &RunCall) -> PlanAppCall {
        let service = self.flow.sites[call.site as usize].service.clone();
        PlanAppCall {
            attempts: call.attempts.iter().map(|attempt| self.calls + attempt).collect(),
            made: (call.probability != Share::ONE).then(|| {
                let column = self.column(Purpose::CallMade, call.site);
                (column, call.probability.numerator(), call.probability.denominator())
            }),
            retry_on: call.retry_on.clone(),
            on_failure: call.on_failure,
            service: self.service(&service),
        }
    }
}
