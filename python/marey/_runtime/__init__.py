"""What every operation stands on: doors, checks, the native loader, specs and their contract."""
