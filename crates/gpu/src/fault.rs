//! Faults that drivers report outside of any call.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::GpuError;

/// The fault that the driver reported outside of any call. Without a listener wgpu would panic.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fault(Arc<Mutex<Option<GpuError>>>);

impl Fault {
    /// Starts to listen to `device`.
    pub(crate) fn watch(device: &wgpu::Device) -> Fault {
        let fault = Fault::default();
        let (lost, refused) = (fault.clone(), fault.clone());
        device.set_device_lost_callback(move |reason, message| {
            lost.report(GpuError::Lost(format!("{reason:?}: {message}")));
        });
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            refused.report(GpuError::Device(error.to_string()));
        }));
        fault
    }

    /// Fails with the fault, if there is one: always with a loss, once with anything else.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        let mut fault = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match fault.take() {
            None => Ok(()),
            Some(error) => {
                if matches!(error, GpuError::Lost(_)) {
                    *fault = Some(error.clone());
                }
                Err(error)
            }
        }
    }

    fn report(&self, error: GpuError) {
        let mut fault = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*fault, Some(GpuError::Lost(_))) {
            *fault = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_stays_and_covers_later_reports() {
        let fault = Fault::default();
        assert_eq!(fault.check(), Ok(()));
        fault.report(GpuError::Device("x".into()));
        assert_eq!(fault.check(), Err(GpuError::Device("x".into())));
        assert_eq!(fault.check(), Ok(()));
        fault.report(GpuError::Lost("gone".into()));
        fault.report(GpuError::Device("y".into()));
        for _ in 0..2 {
            assert_eq!(fault.check(), Err(GpuError::Lost("gone".into())));
        }
    }
}
