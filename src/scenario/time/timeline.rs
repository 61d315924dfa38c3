//! Resolves what happens when: meshes that take over, stations that change, other rates.

use super::station::{self, Workloads, matching};
use super::{
    Action, ArrivalPlan, End, Epoch, EpochId, Event, Loading, Overlay, Station, TimeDistribution,
};
use crate::config::decode::{Located, closest};
use crate::config::scenario::{RateChange, TimelineFile};
use crate::diagnostic::{Diagnostic, Place};
use crate::scenario::Scenario;
use crate::scenario::load::assemble;
use crate::units::{Nanos, Rate};

/// An entry of the timeline with its time.
pub(super) struct Moment<'f> {
    pub(super) at: Nanos,
    pub(super) file: &'f TimelineFile,
}

/// What meshes of other moments add to.
pub(super) struct World<'a> {
    pub(super) base: &'a Scenario,
    pub(super) workloads: Workloads,
    pub(super) assumptions: &'a mut Vec<String>,
}

/// What events change.
pub(super) struct Happening<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) stations: &'a [Station],
    pub(super) arrivals: &'a mut [ArrivalPlan],
}

/// More meshes than a run should hold at a time.
const MAX_MESHES: usize = 200;

/// The entries of the timeline in the order of time.
pub(super) fn moments<'f>(end: End, loading: &mut Loading<'f>) -> Vec<Moment<'f>> {
    let file = loading.file;
    let mut moments = Vec::new();
    for entry in &file.timeline {
        let Some(at) = &entry.at else {
            let message = "this event does not say when it happens";
            let problem = Diagnostic::error("missing-field", entry.place, message);
            loading.problems.push(problem.help("write `at: 60s`"));
            continue;
        };
        if matches!(end, End::At(end) if at.value >= end) {
            let message = format!("the run is over at {}", at.value);
            loading.problems.push(Diagnostic::warning("late-event", at.place, message));
        }
        let nothing = entry.scale.is_empty()
            && entry.errors.is_empty()
            && entry.slow.is_empty()
            && entry.service.is_empty()
            && entry.mesh.0.is_empty()
            && entry.rate.is_none()
            && entry.users.is_empty();
        if nothing {
            let message = "nothing happens here";
            let help = "one of: scale, errors, slow, service, mesh, rate, users";
            let problem = Diagnostic::error("missing-field", entry.place, message);
            loading.problems.push(problem.help(help));
        }
        moments.push(Moment { at: at.value, file: entry });
    }
    moments.sort_by_key(|moment| moment.at);
    moments
}

/// The meshes of moments that change replicas or objects, one for every state of the rollout, and which
/// moment enters which of them.
pub(super) fn epochs(
    moments: &[Moment<'_>],
    states: &[Overlay],
    world: &mut World<'_>,
    loading: &mut Loading<'_>,
) -> (Vec<Epoch>, Vec<Option<EpochId>>) {
    let mut overlay = Overlay::default();
    let mut epochs = Vec::new();
    let mut entered = Vec::new();
    for moment in moments {
        let file = moment.file;
        let changes = !file.scale.is_empty() || !file.mesh.0.is_empty();
        entered.push(changes.then_some(epochs.len()));
        if !changes {
            continue;
        }
        if epochs.len() * states.len() >= MAX_MESHES {
            let message = format!("this needs more than {MAX_MESHES} meshes");
            loading.problems.push(Diagnostic::error("out-of-range", file.place, message));
            break;
        }
        overlay.scale.extend(file.scale.iter().cloned());
        if !file.mesh.0.is_empty() {
            overlay.mesh.push(file.mesh.clone());
        }
        let all = states.iter().map(|state| overlay.with(state));
        let built = all.filter_map(|overlay| world.build(&overlay, loading)).collect();
        epochs.push(Epoch { at: moment.at, states: built });
    }
    entered.resize(moments.len(), None);
    (epochs, entered)
}

// === impl World ===

impl World<'_> {
    /// Builds the scenario with other objects; its workloads and assumptions are added to what is known.
    pub(super) fn build(
        &mut self,
        overlay: &Overlay,
        loading: &mut Loading<'_>,
    ) -> Option<Scenario> {
        let (files, name, file) = (loading.files, loading.name, loading.file);
        let (sources, problems) = (&mut *loading.sources, &mut *loading.problems);
        let built = assemble(files, name, file, overlay, sources, loading.inputs, problems)?;
        station::collect(&built, &mut self.workloads);
        for text in &built.scenario.assumptions {
            if !self.base.assumptions.contains(text) && !self.assumptions.contains(text) {
                self.assumptions.push(text.clone());
            }
        }
        Some(built.scenario)
    }
}

// === impl Happening ===

impl Happening<'_> {
    /// The events of all moments in order.
    pub(super) fn events(
        &mut self,
        moments: &[Moment<'_>],
        entered: &[Option<EpochId>],
        loading: &mut Loading<'_>,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        for (moment, epoch) in moments.iter().zip(entered) {
            let (at, file) = (moment.at, moment.file);
            let mut push = |action: Action, text: String, place: Place| {
                events.push(Event { at, action, text, place });
            };
            if let Some(epoch) = epoch {
                push(Action::Enter(*epoch), mesh_text(file), file.place);
            }
            for (name, share) in file.errors.iter() {
                if !share.is_probability() {
                    let message = format!("{} is more than 100%", share.value);
                    loading.problems.push(Diagnostic::error("out-of-range", share.place, message));
                }
                let stations = matching(name, self.stations, loading);
                let text = format!("{} answers {} with 503", name.value, share.value);
                push(Action::Errors(stations, share.value), text, name.place);
            }
            for (name, factor) in file.slow.iter() {
                let stations = matching(name, self.stations, loading);
                let text = format!("{} takes {} times as long", name.value, factor.0.as_f64());
                push(Action::Slow(stations, factor.0), text, name.place);
            }
            let folder = loading.folder().to_owned();
            for (name, time) in file.service.iter() {
                let stations = matching(name, self.stations, loading);
                let text = format!("{} has another service time", name.value);
                if let Some(time) = TimeDistribution::resolve(time, &folder, loading) {
                    push(Action::Service(stations, time), text, name.place);
                }
            }
            if let Some(change) = &file.rate {
                let text = self.change_rate(at, change, loading);
                push(Action::Rate, text, file.place);
            }
            for (name, users) in file.users.iter() {
                if let Some(class) = self.class(name, loading) {
                    self.check_users(class, name, loading);
                    let text = format!("{} users of {}", users.value, name.value);
                    push(Action::Users(class, users.value), text, name.place);
                }
            }
        }
        events
    }

    fn class(&self, name: &Located<String>, loading: &mut Loading<'_>) -> Option<usize> {
        let names = || self.scenario.classes.iter().map(|class| class.name.as_str());
        let found = names().position(|class| class == name.value);
        if found.is_none() {
            let message = format!("there is no class `{}`", name.value);
            let problem = Diagnostic::error("unknown-class", name.place, message);
            loading.problems.push(match closest(&name.value, names()) {
                Some(close) => problem.help(format!("did you mean `{close}`?")),
                None => problem,
            });
        }
        found
    }

    fn check_users(&self, class: usize, name: &Located<String>, loading: &mut Loading<'_>) {
        if !matches!(self.arrivals.get(class), Some(ArrivalPlan::Users { .. })) {
            let message = format!("the class `{}` has no users", name.value);
            let problem = Diagnostic::error("contradiction", name.place, message);
            loading.problems.push(problem.help("change its rate instead"));
        }
    }

    /// Changes rates from a moment on; returns what happens in words.
    fn change_rate(&mut self, at: Nanos, change: &RateChange, loading: &mut Loading<'_>) -> String {
        match change {
            RateChange::Whole(rate) => {
                self.change_whole(at, rate, loading);
                format!("rate {}", rate.value)
            }
            RateChange::ByClass(rates) => {
                let mut texts = Vec::new();
                for (name, rate) in rates.iter() {
                    if let Some(class) = self.class(name, loading) {
                        self.change_class(class, at, rate.value, name.place, loading);
                    }
                    texts.push(format!("rate of {} {}", name.value, rate.value));
                }
                texts.join(", ")
            }
        }
    }

    /// The whole rate is divided by the shares of the classes that state no arrivals of their own.
    fn change_whole(&mut self, at: Nanos, rate: &Located<Rate>, loading: &mut Loading<'_>) {
        let is_own = |class: usize| {
            let written = loading.file.traffic.get(class);
            written.is_none_or(|it| it.rate.is_some() || it.arrivals.is_some())
        };
        let sharing: Vec<(usize, u64)> = (self.scenario.classes.iter().enumerate())
            .filter(|(class, _)| !is_own(*class))
            .map(|(class, it)| (class, it.weight))
            .collect();
        let total: u64 = sharing.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            let message = "every class has a rate of its own";
            let problem = Diagnostic::error("contradiction", rate.place, message);
            loading.problems.push(problem.help("write `rate: {CLASS: 100/s}`"));
        }
        for (class, weight) in sharing {
            let part = rate.value.part(weight, total);
            self.change_class(class, at, part, rate.place, loading);
        }
    }

    fn change_class(
        &mut self,
        class: usize,
        at: Nanos,
        rate: Rate,
        place: Place,
        loading: &mut Loading<'_>,
    ) {
        match self.arrivals.get_mut(class) {
            Some(ArrivalPlan::Open(profile)) => profile.change(at, rate),
            Some(ArrivalPlan::Users { .. } | ArrivalPlan::Bursts { .. }) => {
                let message = "users and bursts have no rate";
                loading.problems.push(Diagnostic::error("contradiction", place, message));
            }
            None => {}
        }
    }
}

fn mesh_text(file: &TimelineFile) -> String {
    let scale = file
        .scale
        .iter()
        .map(|(name, replicas)| format!("scale {} to {}", name.value, replicas.value));
    let mesh = file.mesh.0.iter().map(|name| format!("apply {}", name.value));
    scale.chain(mesh).collect::<Vec<_>>().join(", ")
}
