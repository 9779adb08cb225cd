//! The times of a span, and the two halves of a call that one record may hold.

use schemas::SpanKind;

use crate::Refusal;

/// One of the four stages of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Stage {
    ClientSend,
    ServerReceive,
    ServerSend,
    ClientReceive,
}

impl Stage {
    pub(super) const ALL: [Self; 4] = [
        Self::ClientSend,
        Self::ServerReceive,
        Self::ServerSend,
        Self::ClientReceive,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ClientSend => "cs",
            Self::ServerReceive => "sr",
            Self::ServerSend => "ss",
            Self::ClientReceive => "cr",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// When the stages of a call were, in nanoseconds since 1970, as far as they were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stages([Option<u64>; 4]);

impl Stages {
    pub(super) fn get(&self, stage: Stage) -> Option<u64> {
        self.0[stage as usize]
    }

    /// Sets a stage and gives what it was.
    pub(super) fn set(&mut self, stage: Stage, time: Option<u64>) -> Option<u64> {
        std::mem::replace(&mut self.0[stage as usize], time)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Stage, u64)> {
        Stage::ALL
            .into_iter()
            .filter_map(|stage| self.get(stage).map(|time| (stage, time)))
    }

    fn of_side(&self, side: Side) -> Option<(u64, u64)> {
        let (first, last) = side.stages();
        self.get(first).zip(self.get(last))
    }
}

/// A side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A client or a producer.
    Calling,
    /// What runs because of the call: a server or a consumer, or a span that is no call.
    Executing,
}

impl Side {
    const fn of(kind: SpanKind) -> Self {
        match kind {
            SpanKind::Client | SpanKind::Producer => Self::Calling,
            SpanKind::Server | SpanKind::Consumer | SpanKind::Internal | SpanKind::Unspecified => {
                Self::Executing
            }
        }
    }

    const fn stages(self) -> (Stage, Stage) {
        match self {
            Self::Calling => (Stage::ClientSend, Stage::ClientReceive),
            Self::Executing => (Stage::ServerReceive, Stage::ServerSend),
        }
    }
}

/// One side's span. Its times are in order, and its end fits 64 signed bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Half {
    pub(super) kind: SpanKind,
    pub(super) side: Side,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Halves {
    /// The side that the record speaks for.
    pub(super) own: Half,
    /// The other side, where all four stages are known.
    pub(super) other: Option<Half>,
    /// The stages that are neither start nor end of a half.
    pub(super) further_stages: Stages,
}

/// When a record says that it was, apart from its stages.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SentTimes {
    pub(super) start: Option<u64>,
    pub(super) duration: Option<u64>,
}

/// What is wrong with a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) refusal: Refusal,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(refusal: Refusal, message: impl Into<String>) -> Self {
        Self {
            refusal,
            message: message.into(),
        }
    }
}

/// Tells the halves of a record from its kind and its times.
pub(super) fn halves(
    kind: Option<SpanKind>,
    times: SentTimes,
    mut stages: Stages,
) -> Result<Halves, Fault> {
    let kind = kind.unwrap_or_else(|| kind_of(&stages));
    let side = Side::of(kind);
    let other_kind = other_kind(kind).filter(|_| stages.iter().count() == Stage::ALL.len());
    let mut take = |side: Side| {
        let times = stages.of_side(side)?;
        let (first, last) = side.stages();
        stages.set(first, None);
        stages.set(last, None);
        Some(times)
    };
    let other = other_kind.map(|kind| {
        let side = Side::of(kind);
        let (start, end) = take(side).expect("all stages are known");
        half(kind, side, (start, end))
    });
    let (start, end) = match (times.start, times.duration) {
        (Some(start), Some(duration)) => (start, start.saturating_add(duration)),
        (None, None) => take(side).ok_or_else(|| {
            let (first, last) = side.stages();
            let (first, last) = (first.name(), last.name());
            Fault::new(
                Refusal::Field,
                format!("no times: send start and duration, or the stages {first} and {last}"),
            )
        })?,
        (Some(_), None) => return Err(Fault::new(Refusal::Field, "start without duration")),
        (None, Some(_)) => return Err(Fault::new(Refusal::Field, "duration without start")),
    };
    for (stage, time) in stages.iter() {
        check_time(time, stage.name())?;
    }
    Ok(Halves {
        own: half(kind, side, (start, end))?,
        other: other.transpose()?,
        further_stages: stages,
    })
}

/// The kind of a record that names none.
fn kind_of(stages: &Stages) -> SpanKind {
    if stages.of_side(Side::Calling).is_some() {
        SpanKind::Client
    } else if stages.of_side(Side::Executing).is_some() {
        SpanKind::Server
    } else {
        SpanKind::Unspecified
    }
}

fn other_kind(kind: SpanKind) -> Option<SpanKind> {
    match kind {
        SpanKind::Client => Some(SpanKind::Server),
        SpanKind::Server => Some(SpanKind::Client),
        SpanKind::Producer => Some(SpanKind::Consumer),
        SpanKind::Consumer => Some(SpanKind::Producer),
        SpanKind::Internal | SpanKind::Unspecified => None,
    }
}

fn half(kind: SpanKind, side: Side, (start, end): (u64, u64)) -> Result<Half, Fault> {
    if end < start {
        let (first, last) = side.stages();
        let message = format!("{} is before {}", last.name(), first.name());
        return Err(Fault::new(Refusal::EndBeforeStart, message));
    }
    check_time(end, "its end")?;
    Ok(Half {
        kind,
        side,
        start,
        end,
    })
}

/// Refuses times that do not fit 64 signed bits.
pub(super) fn check_time(time: u64, what: &str) -> Result<(), Fault> {
    if i64::try_from(time).is_ok() {
        return Ok(());
    }
    Err(Fault::new(
        Refusal::TimeOutOfRange,
        format!("{what} is after the year 2262"),
    ))
}
