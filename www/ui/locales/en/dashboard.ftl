# Messages of the dashboard.
