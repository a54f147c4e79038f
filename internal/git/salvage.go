package git

import "path"

const savedRefs = "refs/hf/saved/"

// SavedRef is the ref that keeps the saved work of a task.
func SavedRef(task string) string { return savedRefs + path.Base(task) }
