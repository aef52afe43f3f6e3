//! A connection whose server is the test: it reads whatever bytes the test writes.

#[cfg(test)]
mod end;
#[cfg(test)]
mod transcripts;

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod copy;
#[cfg(test)]
mod cut;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod stream;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;
