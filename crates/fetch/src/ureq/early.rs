//! Reads a response that arrives before the whole request has been sent.
//!
//! A server may refuse a request after its head, answer, and close. The rest cannot be sent then, but the answer can be read.

use std::io::ErrorKind;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Wraps connections, so that a connection that accepts no more bytes is still read.
#[derive(Debug)]
pub(super) struct ReadsEarlyAnswers;

impl<In: Transport> Connector<In> for ReadsEarlyAnswers {
    type Out = Early<In>;

    fn connect(&self, _: &ConnectionDetails, chained: Option<In>) -> Result<Option<Early<In>>, Error> {
        Ok(chained.map(|transport| Early { transport, broken: None }))
    }
}

#[derive(Debug)]
pub(super) struct Early<T> {
    transport: T,
    /// Why nothing more can be sent.
    broken: Option<Error>,
}

impl<T: Transport> Transport for Early<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    /// Drops what cannot be sent any more.
    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.broken.is_some() {
            return Ok(());
        }
        match self.transport.transmit_output(amount, timeout) {
            Err(error) if is_closed(&error) => {
                self.broken = Some(error);
                Ok(())
            }
            sent => sent,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        match (self.transport.await_input(timeout), &mut self.broken) {
            // Without an answer, the failure to send is the better error.
            (Ok(false) | Err(_), broken @ Some(_)) => Err(broken.take().unwrap_or(Error::ConnectionFailed)),
            (read, _) => read,
        }
    }

    fn is_open(&mut self) -> bool {
        self.broken.is_none() && self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}

fn is_closed(error: &Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error, Error::Io(error) if [BrokenPipe, ConnectionAborted, ConnectionReset].contains(&error.kind()))
}
