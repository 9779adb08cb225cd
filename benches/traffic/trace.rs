//! One trace: calls within calls, in time and across processes.

use opentelemetry_proto::tonic::trace::v1::Span;

use super::fleet::{self, INSTANCES, Process, SERVICES};
use super::operations::{Call, Ending, Exchange, Operation, Place, Visitor};
use super::random::Random;

/// A span and the process that sends it.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) process: Process,
    pub(super) operation: Operation,
    pub(super) span: Span,
}

/// A place in the trace from which more is called.
#[derive(Clone, Copy)]
struct Caller {
    process: Process,
    span: usize,
}

/// A trace under construction, whose spans begin at `first` of `drafts`.
struct Trace<'a> {
    random: &'a mut Random,
    drafts: &'a mut Vec<Draft>,
    visitor: Visitor,
    fails: bool,
}

/// Appends the spans of a trace that starts at `start` (nanoseconds since 1970).
pub(super) fn draw(random: &mut Random, start: u64, drafts: &mut Vec<Draft>) {
    let first = drafts.len();
    let wanted = (random.log_normal(8.0, 0.6) as usize).clamp(1, 300);
    let visitor = Visitor::draw(random);
    let fails = random.once_in(50);
    let mut trace = Trace {
        random,
        drafts,
        visitor,
        fails,
    };
    let process = trace.process();
    let root = Span {
        trace_id: trace.trace_id(),
        start_time_unix_nano: start,
        end_time_unix_nano: start + trace.random.log_normal(8e7, 0.8) as u64,
        ..Span::default()
    };
    let exchange = trace.exchange(process);
    trace.add(Operation::HttpServer, [process, process], &exchange, root);
    let mut callers = vec![Caller {
        process,
        span: first,
    }];
    while trace.drafts.len() - first < wanted {
        let caller = trace.random.pick(&callers);
        if let Some(callee) = trace.call(caller) {
            callers.push(callee);
        }
    }
}

impl Trace<'_> {
    /// Adds what `caller` does next; what is called may call in its turn.
    fn call(&mut self, caller: Caller) -> Option<Caller> {
        let operation = match self.random.below(100) {
            0..30 => Operation::HttpClient,
            30..45 => Operation::RpcClient,
            45..70 => Operation::Database,
            70..78 => Operation::Publish,
            _ => Operation::Internal,
        };
        let callee = match operation {
            Operation::HttpClient | Operation::RpcClient => Process {
                service: fleet::callee(caller.process.service, self.random),
                instance: self.random.below(INSTANCES),
            },
            _ => caller.process,
        };
        let exchange = self.exchange(callee);
        let span = self.child_of(caller.span);
        let client = self.add(operation, [caller.process, callee], &exchange, span);
        let answering = match operation {
            Operation::HttpClient => Operation::HttpServer,
            Operation::RpcClient => Operation::RpcServer,
            Operation::Internal => {
                return Some(Caller {
                    process: callee,
                    span: client,
                });
            }
            _ => return None,
        };
        let span = self.child_of(client);
        let server = self.add(answering, [callee, callee], &exchange, span);
        Some(Caller {
            process: callee,
            span: server,
        })
    }

    fn process(&mut self) -> Process {
        Process {
            service: self.random.skewed(SERVICES),
            instance: self.random.below(INSTANCES),
        }
    }

    fn trace_id(&mut self) -> Vec<u8> {
        // An id of zeros is no id.
        let (high, low) = (self.random.next_u64(), self.random.next_u64() | 1);
        (u128::from(high) << 64 | u128::from(low))
            .to_be_bytes()
            .to_vec()
    }

    /// A span within the time of its parent.
    fn child_of(&mut self, parent: usize) -> Span {
        let parent = &self.drafts[parent].span;
        let room = parent.end_time_unix_nano - parent.start_time_unix_nano;
        let duration = (room as f64 * 0.8 * self.random.fraction()) as u64;
        let delay = ((room - duration) as f64 * self.random.fraction()) as u64;
        let start = parent.start_time_unix_nano + delay;
        Span {
            trace_id: parent.trace_id.clone(),
            parent_span_id: parent.span_id.clone(),
            start_time_unix_nano: start,
            end_time_unix_nano: start + duration,
            ..Span::default()
        }
    }

    fn exchange(&mut self, callee: Process) -> Exchange {
        let ending = match self.fails && self.random.once_in(4) {
            true => Ending::Failed,
            false => Ending::Well,
        };
        Exchange::draw(self.random, callee.service, ending)
    }

    /// Adds the span of the first of two processes, which calls the second or answers; gives it
    /// its id and what its operation says, and returns its place.
    fn add(
        &mut self,
        operation: Operation,
        [process, callee]: [Process; 2],
        exchange: &Exchange,
        span: Span,
    ) -> usize {
        let call = Call {
            service: process.service,
            callee: callee.service,
            exchange,
            place: match span.parent_span_id.is_empty() {
                true => Place::Edge,
                false => Place::Within,
            },
            visitor: &self.visitor,
        };
        let span_id = (self.random.next_u64() | 1).to_be_bytes().to_vec();
        let mut span = Span {
            span_id,
            flags: 0x101,
            ..span
        };
        operation.describe(self.random, &call, &mut span);
        self.drafts.push(Draft {
            process,
            operation,
            span,
        });
        self.drafts.len() - 1
    }
}
