"""What every controller is made of: informers, a work queue, conditions and statuses, events, logs, leadership."""
