package calllog

// syncFolder has nothing to do: a rename is durable on this system.
func syncFolder(string) error { return nil }
