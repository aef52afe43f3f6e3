//! Supervisor and load process: frames, spawn, socket hand-over, lock-down, journal
