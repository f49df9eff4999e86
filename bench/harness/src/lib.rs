//! How the bench's programs are told what to do, and tell what they saw.
//!
//! What takes time or memory is a [`Phase`]. Before and after it the program waits for a line on its standard input, while
//! the driver reads from the operating system what each process has used so far. So no program measures itself, and both
//! sides are measured alike.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, Write as _},
    time::{Duration, Instant},
};

pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The program's arguments: words, and options with a value each.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    words: Vec<String>,
    options: BTreeMap<String, String>,
}

impl Arguments {
    /// Those of this process.
    ///
    /// # Errors
    /// An option without a value.
    pub fn read() -> Outcome<Self> {
        let mut read = Self::default();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix("--") {
                Some(name) => {
                    let value = arguments.next().ok_or_else(|| format!("--{name} has no value"))?;
                    read.options.insert(name.to_owned(), value);
                }
                None => read.words.push(argument),
            }
        }
        Ok(read)
    }

    /// The word at a place, or nothing.
    #[must_use]
    pub fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    #[must_use]
    pub fn text(&self, name: &str, otherwise: &str) -> String {
        self.options.get(name).map_or(otherwise, String::as_str).to_owned()
    }

    /// # Errors
    /// Its value is no number.
    pub fn number(&self, name: &str, otherwise: usize) -> Outcome<usize> {
        match self.options.get(name) {
            None => Ok(otherwise),
            Some(value) => value
                .parse()
                .map_err(|error| format!("--{name} {value}: {error}").into()),
        }
    }
}

/// Something that is measured.
#[derive(Debug)]
pub struct Phase {
    name: &'static str,
    begin: Instant,
}

impl Phase {
    /// Begins as soon as the driver has looked.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn begin(name: &'static str) -> Outcome<Self> {
        tell(&format!("PHASE {name}"))?;
        let begin = Instant::now();
        Ok(Self { name, begin })
    }

    /// Tells what was seen, and goes on as soon as the driver has looked.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn end(self, units: usize, latencies: Vec<Duration>) -> Outcome {
        self.end_with(units, latencies, "")
    }

    /// As [`end`](Self::end), with more to tell: `,"name":value`.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn end_with(self, units: usize, mut latencies: Vec<Duration>, more: &str) -> Outcome {
        let wall = self.begin.elapsed().as_secs_f64();
        latencies.sort_unstable();
        let quantile = |percent: usize| {
            let at = latencies.len().saturating_sub(1) * percent / 100;
            latencies
                .get(at)
                .map_or("null".to_owned(), |latency| (latency.as_secs_f64() * 1e6).to_string())
        };
        tell(&format!(
            r#"{{"phase":"{}","units":{units},"wall_s":{wall},"p50_us":{},"p99_us":{}{more}}}"#,
            self.name,
            quantile(50),
            quantile(99),
        ))
    }
}

/// Says a line, and waits for one.
fn tell(line: &str) -> Outcome {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer)? == 0 {
        return Err("the driver has gone".into());
    }
    Ok(())
}
