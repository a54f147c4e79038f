// Package forgetest is a working fake GitHub server for tests and demonstrations.
// It speaks plain http on loopback what go-gh and git-spice call, GraphQL and REST,
// and is backed by real bare git repositories: what a pull request is follows from
// its branches, and merging makes real commits.
//
//	hub := forgetest.New(t, forgetest.Options{})      // ends with the test
//	token := hub.Token("ada")                         // makes the user, too
//	repo, err := hub.CreateRepo("acme/demo", forgetest.Settings{RequiredReviews: 1})
//	// Clients: hub.URL() is the API, by itself and below /api and /api/v3. Git: write
//	// hub.GitConfig() to the user's own configuration, then repo.SSH() is a remote,
//	// git@github.com:acme/demo.git; or repo.HTTP() with a token as the password.
//	git("push", repo.SSH(), "feat")                   // as anybody pushes
//	n, err := repo.OpenPull("ada", forgetest.Pull{Head: "feat", Base: "main", Title: "Feat"})
//	err = repo.SetCheck("feat", forgetest.Check{Name: "test", Conclusion: "failure", Log: "boom"})
//	err = repo.Review(n, "bob", forgetest.Review{State: "CHANGES_REQUESTED", Threads: []forgetest.Thread{
//		{Path: "a.txt", Line: 1, Body: "why?"},
//	}})
//	hub.Fail(forgetest.Fault{Kind: forgetest.FaultSecondary, Match: "createPullRequest", Times: 1})
//	hub.Fail(forgetest.Fault{Kind: forgetest.FaultDrop, Match: "PUT /repos/acme/demo/pulls/1/merge", Late: true, Times: 1})
//	err = repo.Merge(n, "bob", "squash")              // from outside
//	_, err = repo.Commit("bob", "feat", "b.txt", "x") // somebody pushes
//	_, err = repo.ForcePush("bob", "feat", "b.txt", "y")
//	err = repo.Rename("acme/new")                     // the old name is a 301
//	pull, err := repo.Pull(n)                         // what it is now
//	n = hub.Count("repository")                       // GraphQL requests that asked for it
//	leaked := hub.Saw(token, "/_blob")                // was it sent where it has no business?
//	hub.Spend(token, 0)                               // its rate budget is used up
//
// Do says the same in words, which scripts and the program hub use.
//
// # What it keeps to
//
// GraphQL answers have exactly the requested fields, and requests are checked against
// the schema first: an unknown field, a missing pagination limit or a wrong variable
// is the error it is at GitHub. Every query costs of the hour's budget what GitHub
// would take; a REST answer that did not change is 304 and free. The updated time of a
// pull request, and with it the ETag of a list, does not change by checks. A merged
// pull request's branch that is deleted moves the pull requests on it to its base; a
// head that is deleted closes its own. The body of a log comes from another host, by a
// redirect.
//
// # What it does not know
//
// Forks, issues, searches, code owners, merge queues, and introspection of GraphQL.
package forgetest
