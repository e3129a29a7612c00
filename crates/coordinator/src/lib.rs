//! Adit's coordinator: jobs, leases, verification, ledger, epochs, receipts.
