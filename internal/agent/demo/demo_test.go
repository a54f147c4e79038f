package demo_test

import (
	"context"
	"os"
	"testing"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/agent/agenttest"
	"github.com/hf-dev/hf/internal/agent/demo"
	"github.com/hf-dev/hf/pkg/api"
)

const asAgent = "HF_TEST_RUN_DEMO_AGENT"

func TestMain(m *testing.M) {
	if os.Getenv(asAgent) != "" {
		os.Exit(demo.Main(context.Background(), nil, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func command(t *testing.T) (argv, env []string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{exe}, []string{asAgent + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
}

func config(cwd string, permission api.Permission) acp.Config {
	return acp.Config{
		ClientVersion: "test", Cwd: cwd, ResumeMethod: acp.ResumeByID, Mode: string(permission), Permission: permission,
	}
}

func TestContract(t *testing.T) {
	argv, env := command(t)
	agenttest.Run(t, agenttest.Agent{
		Argv: argv, Env: env, Config: config,
		Say: "say: hello there", SayReply: "hello there",
		Act: "run: echo yes > made.txt", ActFile: "made.txt",
		Slow: "stream: 1000 every 20ms",
	})
}
