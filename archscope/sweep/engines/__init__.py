"""Where the work is done: processes of this machine, or a Ray cluster. In: specs; out: their values, as they are ready."""
