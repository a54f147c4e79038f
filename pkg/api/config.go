package api

// ConfigValue is one setting with where it comes from.
type ConfigValue struct {
	Schema int    `json:"schema"`
	Key    string `json:"key"`
	Value  any    `json:"value"`  // a text, a number, true or false, or a list of texts
	Origin string `json:"origin"` // default, FILE:LINE, or the variable that sets it
	Secret bool   `json:"secret"` // shown to nobody who did not ask for this very key
}

// ConfigFile says where the configuration is, and what is wrong with it.
type ConfigFile struct {
	Schema   int      `json:"schema"`
	Path     string   `json:"path"`
	Exists   bool     `json:"exists"`
	Error    *Error   `json:"error,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// ConfigKey is a key that there can be.
type ConfigKey struct {
	Key   string   `json:"key"`             // NAME stands for any name
	Words []string `json:"words,omitempty"` // the values it can have, where they are few
}

// What `hfd config` can be asked. It is a program that hf runs for one answer,
// not a route: the configuration can be read and mended while it keeps the
// daemon from starting.
const (
	ConfigList  = "list"  // ConfigAnswer.Values, all
	ConfigGet   = "get"   // ConfigAnswer.Values, one
	ConfigKeys  = "keys"  // ConfigAnswer.Keys
	ConfigSet   = "set"   // changes Key to Value
	ConfigUnset = "unset" // takes Key out of the file
	ConfigCheck = "check" // ConfigAnswer.File alone, of Content where it is given
	ConfigRead  = "read"  // ConfigAnswer.Content and Hash; a commented beginning where there is no file
	ConfigWrite = "write" // replaces the file by Content, while it still has Hash
)

// ConfigRequest is what `hfd config` reads from its standard input.
type ConfigRequest struct {
	Do      string  `json:"do"`
	Key     string  `json:"key,omitempty"`
	Value   string  `json:"value,omitempty"` // as a person types it
	Content *string `json:"content,omitempty"`
	Hash    string  `json:"hash,omitempty"`
}

// ConfigAnswer is what it prints.
type ConfigAnswer struct {
	File    ConfigFile    `json:"file"`
	Values  []ConfigValue `json:"values,omitempty"`
	Keys    []ConfigKey   `json:"keys,omitempty"`
	Content string        `json:"content,omitempty"`
	Hash    string        `json:"hash,omitempty"`    // of the file's content, "" = there is none
	Restart bool          `json:"restart,omitempty"` // a running hfd has what changed only after a restart
	Mended  bool          `json:"mended,omitempty"`  // what was there before kept hfd from starting
	Error   *Error        `json:"error,omitempty"`   // of the request
}
