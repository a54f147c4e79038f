package acp

import "encoding/json"

type object map[string]any

// line marshals a message. What hf sends is made of types that always marshal.
func line(msg object) []byte {
	msg["jsonrpc"] = "2.0"
	b, err := json.Marshal(msg)
	if err != nil {
		panic("acp: message does not marshal: " + err.Error())
	}
	return append(b, '\n')
}

func requestLine(id, method string, params any) []byte {
	return line(object{"id": id, "method": method, "params": params})
}

func resultLine(id json.RawMessage, result any) []byte {
	return line(object{"id": id, "result": result})
}

func errorLine(id json.RawMessage, code int, text string) []byte {
	return line(object{"id": id, "error": object{"code": code, "message": text}})
}

// selectedLine chooses an option of a permission request; "" cancels it.
func selectedLine(id json.RawMessage, option string) []byte {
	outcome := object{"outcome": "selected", "optionId": option}
	if option == "" {
		outcome = object{"outcome": "cancelled"}
	}
	return resultLine(id, object{"outcome": outcome})
}

// initializeLine offers what hf can do. It offers neither files nor terminals:
// agents do their own work in their own sandbox.
func (m *Machine) initializeLine() []byte {
	return requestLine(idInit, "initialize", object{
		"protocolVersion": protocolVersion,
		"clientInfo":      object{"name": "hf", "title": "hf", "version": m.cfg.ClientVersion},
		"clientCapabilities": object{
			"fs":          object{"readTextFile": false, "writeTextFile": false},
			"terminal":    false,
			"elicitation": object{"form": object{}, "url": object{}},
			"_meta":       object{"terminal_output": true},
		},
	})
}

func (m *Machine) newSessionLine(id string) []byte {
	return requestLine(id, "session/new", object{"cwd": m.cfg.Cwd, "mcpServers": []any{}})
}

func (m *Machine) sessionLine() []byte {
	method := m.resumeMethod()
	if method == "" {
		return m.newSessionLine(idSession)
	}
	return requestLine(idSession, method, object{"sessionId": m.cfg.Resume, "cwd": m.cfg.Cwd, "mcpServers": []any{}})
}

// settingLine sets a mode or model by its own method or as a config option.
func (m *Machine) settingLine(id string, set setting, method, field string) []byte {
	if set.Option != "" {
		return requestLine(id, "session/set_config_option", object{
			"sessionId": m.s.ACPID, "configId": set.Option, "value": set.Want,
		})
	}
	return requestLine(id, method, object{"sessionId": m.s.ACPID, field: set.Want})
}

// Cancel returns the lines that end the turn in progress and everything the
// agent waits on: none when there is nothing to end.
func (m *Machine) Cancel() ([][]byte, error) {
	var lines [][]byte
	if m.s.Turn != nil {
		lines = append(lines, line(object{"method": "session/cancel", "params": object{"sessionId": m.s.ACPID}}))
	}
	for i := range m.s.Asked {
		lines = append(lines, selectedLine(m.s.Asked[i].RPC, ""))
	}
	for i := range m.s.Questions {
		lines = append(lines, resultLine(m.s.Questions[i].RPC, object{"action": "cancel"}))
	}
	return lines, nil
}
