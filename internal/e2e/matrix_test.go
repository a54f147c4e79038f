package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// matrix is the fault matrix: what can go wrong, and which tests show what
// becomes of it, as DIRECTORY TEST, from the top of the module. Rows without a
// test say what they need that tests do not have.
var matrix = []struct {
	row, fault string
	tests      []string
	needs      string
}{
	{row: "F1", fault: "a hundred clients at once: cold, stale socket, recycled pid", tests: []string{
		"internal/e2e TestManyClientsStartOneDaemon", "internal/daemon/lifecycle TestManyProcessesFindOneDaemon", "internal/daemon/lifecycle TestManyClientsFindOneDaemon",
	}},
	{row: "F2", fault: "kill -9 of hfd while idle", tests: []string{"internal/daemon/lifecycle TestKilledWhileIdle", "internal/e2e TestTurnOutlivesTheDaemon"}},
	{row: "F3", fault: "kill -9 of hfd between commit and reply", tests: []string{
		"internal/store TestARememberedRequestHasItsEffectOnce", "internal/daemon/lifecycle TestKilledUnderLoad", "internal/e2e TestManyClientsOutliveKills",
	}},
	{row: "F4", fault: "kill -9 of hfd between intent and side effect", tests: []string{"internal/e2e/crash TestFaults", "internal/operation TestKilledAtEveryBoundary"}},
	{row: "F5", fault: "kill -9 of hfd in a migration", tests: []string{"internal/store TestKilledInAMigration", "internal/store TestKilledInTheFirstStart"}},
	{row: "F6", fault: "kill -9 of hfd under full output", tests: []string{"internal/hold TestNoByteIsLostWhenClientsDie", "internal/e2e TestTurnOutlivesTheDaemon"}},
	{row: "F7", fault: "kill -9 of hfd after a read, before its offset is stored", tests: []string{"internal/session TestAnotherManagerGoesOn", "internal/hold TestInputsExactlyOnceWhenClientsDie"}},
	{row: "F8", fault: "kill -9 of a client", tests: []string{"internal/daemon/lifecycle TestClientsKilledInMidRequest", "internal/e2e TestReadersThatGoAway"}},
	{row: "F9", fault: "kill -9 of a holder", tests: []string{"internal/hold TestKilledHolder", "internal/session TestLostHolderInterruptsTheTurn"}},
	{row: "F10", fault: "kill -9 of an agent", tests: []string{"internal/hold TestKilledProcess", "internal/e2e TestMessagesOutliveTheAgent"}},
	{row: "F11", fault: "an agent's descendants that detach", tests: []string{"internal/hold TestStopLeavesNobody", "internal/e2e TestKillLeavesNothingAlive"}},
	{row: "F12", fault: "SIGSTOP of hfd", tests: []string{"internal/daemon/lifecycle TestHungDaemon", "internal/daemon/lifecycle TestForceReplacesAHungDaemon"}},
	{row: "F13", fault: "SIGSTOP of a holder or a client while it streams", tests: []string{
		"internal/e2e TestStoppedHolder", "internal/e2e TestFloodIsBounded", "internal/hold TestStoppedHolderIsNotWaitedFor", "internal/hold TestStoppedClientTakesNoMemory",
	}},
	{row: "F14", fault: "socket or runtime directory deleted", tests: []string{"internal/daemon/lifecycle TestSocketIsBoundAgain", "internal/daemon/lifecycle TestRuntimeDirectoryIsTakenAway"}},
	{row: "F15", fault: "state directory deleted or replaced", tests: []string{"internal/daemon/lifecycle TestStateDirectoryIsTakenAway", "internal/daemon/lifecycle TestStateDirectoryIsTakenAwayAtTheStart"}},
	{row: "F16", fault: "database deleted, zeroed, damaged; its log lost", tests: []string{
		"internal/store TestDamageIsNoticedAndLeftAlone", "internal/store TestMendTakesTheBestCopy", "internal/e2e TestLostDatabaseIsRebuilt",
	}},
	{row: "F17", fault: "database opened and closed by others", tests: []string{"internal/store TestOthersOpenAndCloseTheDatabase"}},
	{row: "F18", fault: "disk full: database, journal, worktree", tests: []string{
		"internal/store TestFullDisk", "internal/e2e TestFullDisk", "internal/hold TestFullDisk", "internal/e2e TestCreateOnAFullDisk",
	}},
	{row: "F19", fault: "state directory read-only", tests: []string{"internal/e2e TestReadOnlyStateDirectory", "internal/e2e TestDiskTurnsReadOnly"}},
	{row: "F20", fault: "power cut after an acknowledgement", tests: []string{"internal/store TestPowerCut", "internal/journal TestPowerCut", "internal/journal TestSyncsOnceASecondWhileDirty"}},
	{row: "F21", fault: "no descriptors, no memory", tests: []string{"internal/daemon/lifecycle TestOutOfDescriptors", "internal/e2e TestScarceResources"}},
	{row: "F22", fault: "upgrade under load", tests: []string{"internal/daemon/lifecycle TestUpgradeUnderLoad"}},
	{row: "F23", fault: "upgrade to a broken, missing or older build", tests: []string{
		"internal/daemon/lifecycle TestUpgradeToABadBuild", "internal/daemon/lifecycle TestBuildThatDiesAfterTheUpgrade", "internal/daemon/lifecycle TestBadUpgradeIsToldOnceAndUsedAnyway",
	}},
	{row: "F24", fault: "old client with new daemon, and the reverse", tests: []string{"internal/daemon/lifecycle TestEveryClientWithEveryDaemon", "internal/launcher TestNoCommonProtocol"}},
	{row: "F25", fault: "clock jumps, suspend", tests: []string{"internal/e2e/crash TestClockAndSleep"}},
	{row: "F26", fault: "runtime directory missing, different, too long, not ours", tests: []string{
		"internal/e2e TestOddRuntimeDirectories", "internal/daemon/lifecycle TestOneDaemonWhateverTheRuntimeDirectory",
		"internal/daemon/lifecycle TestRuntimeDirectoryOfSomebodyElse", "internal/rundir TestSocketDir",
	}},
	{row: "F27", fault: "another user connects, or squats the path", tests: []string{
		"internal/daemon/lifecycle TestOtherUsersAreRefused", "internal/daemon/lifecycle TestSquattedSocketGetsNothing", "internal/hold TestOtherUsersAreRefused",
	}},
	{row: "F28", fault: "worktree removed, moved, away, pruned", tests: []string{
		"internal/e2e TestWorktreeThatIsAway", "internal/e2e TestWorktreeThatIsGone", "internal/e2e TestWorktreeThatGitForgot", "internal/e2e TestArchiveWhereTheSandboxIsGone",
	}},
	{row: "F29", fault: "ending a task that has work left in it", tests: []string{
		"internal/e2e TestEverythingComesBackWhateverEndsTheTask", "internal/e2e TestAProcessInTheWorktreeGoesOnAndLosesNothing",
	}},
	{row: "F30", fault: "git of others at the same time", tests: []string{"internal/e2e TestGitOfOthersNeverFails", "internal/git TestReadingNeverBreaksTheAgentsGit"}},
	{row: "F31", fault: "faults of a forge: away, refusing, limiting, slow, broken; renamed, rewritten, misleading", tests: []string{
		"internal/forge/github TestFaults", "internal/forge/github TestBrokenAnswers", "internal/forge/github TestRateLimits",
		"internal/forge/github TestNoNetwork", "internal/forge/github TestHanging", "internal/forge/github TestRedirects",
		"internal/pull TestGitHubFails", "internal/pull TestARepoThatFailsHoldsUpNoOther", "internal/pull TestARenamedRepositoryIsFollowed",
		"internal/change TestSomebodyElsesPushIsNeverOverwritten", "internal/change TestABranchThatWasDeletedOnTheRemote",
		"internal/e2e TestTokenDoesNotFollowTheRepository", "internal/e2e TestLoginOutlivesTheDaemon",
	}},
	{row: "F32", fault: "floods: one endless line, NUL, no UTF-8, escape bombs", tests: []string{
		"internal/e2e TestFloodIsBounded", "internal/e2e TestNothingObeysTheTerminal", "internal/hold TestJournalHasALimit", "internal/agent/acp TestEndlessLineIsBounded", "internal/sanitize FuzzText",
	}},
	{row: "F33", fault: "a first process that reaps nobody", tests: []string{"internal/e2e/crash TestNobodyReaps"}},
	{row: "F34", fault: "logout on a machine with systemd", needs: "a machine that systemd runs"},
	{row: "F35", fault: "twenty agents for a day", tests: []string{"internal/e2e/crash TestSoak"}},
	{row: "F36", fault: "git-spice missing, old, broken, hanging, somebody else's; its data newer, never made", tests: []string{
		"internal/stack TestProgram", "internal/stack TestTimeLimit", "internal/stack TestScenario01NewerStore", "internal/stack TestScenario01Init",
		"internal/branch TestWithoutGitSpicesRecordTheRestHolds",
	}},
	{row: "F37", fault: "stacks in the way of others: a rebase underway, a file in the way, a cycle, two actions at once, odd trunks, hostile configuration", tests: []string{
		"internal/stack TestScenario07MiddleOfSomething", "internal/change TestRebasesOfOthersAreNoConflictsOfHf", "internal/stack TestScenario04Collision",
		"internal/stack TestScenario08Refused", "internal/stack TestScenario13ManyAtOnce", "internal/branch TestBasesThatAreNoBranchOfThisRepository",
		"internal/stack TestScenario14HostileConfiguration", "internal/stack TestScenario14TokenStaysHome",
	}},
	{row: "F38", fault: "hfd, git-spice or git killed in the middle of a stack action", tests: []string{
		"internal/stack TestScenario13AllKilled", "internal/stack TestScenario13KilledAtConflict", "internal/e2e/crash TestFaults", "internal/e2e TestRandomStackActionsLoseNothing",
	}},
}

// The matrix is whole, and every test that it names exists.
func TestEveryFaultHasItsTests(t *testing.T) {
	declared := map[string]string{} // the text of a directory's tests
	without := 0
	for n, m := range matrix {
		if want := fmt.Sprint("F", n+1); m.row != want {
			t.Errorf("row %s stands where %s should", m.row, want)
		}
		if (len(m.tests) == 0) == (m.needs == "") {
			t.Errorf("%s (%s) needs either tests or a reason for none", m.row, m.fault)
		}
		if m.needs != "" {
			without++
		}
		for _, name := range m.tests {
			dir, test, _ := strings.Cut(name, " ")
			if _, read := declared[dir]; !read {
				declared[dir] = testsOf(t, dir)
			}
			if !regexp.MustCompile(`(?m)^func ` + test + `\(`).MatchString(declared[dir]) {
				t.Errorf("%s (%s): there is no %s in %s", m.row, m.fault, test, dir)
			}
		}
	}
	if len(matrix) != 38 || without > 1 {
		t.Errorf("%d rows, %d of them without a test; want 38 and at most 1", len(matrix), without)
	}
}

func testsOf(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}
