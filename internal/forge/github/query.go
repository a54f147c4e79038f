package github

import (
	"fmt"
	"strings"
	"time"
)

// The queries. A pull request costs the rate limit little for its scalars and
// something for each connection, so Poll asks for the pulse first: what is cheap
// and changes with everything that matters. updatedAt alone would miss checks,
// resolved threads and a base that moved. What a query costs follows from how
// many it asks for at most, not from how many there are.
const (
	pulseFragment = `fragment pulse on PullRequest {
  number id state isDraft updatedAt headRefOid baseRefName mergeable reviewDecision
  autoMergeRequest { enabledAt }
  reviewThreads(first: 100) { totalCount nodes { isResolved } }
  commits(last: 1) { nodes { commit { oid statusCheckRollup { state contexts(first: 1) {
    checkRunCount checkRunCountsByState { state count }
    statusContextCount statusContextCountsByState { state count }
  } } } } }
}`
	fullFragment = `fragment full on PullRequest {
  ...pulse
  url title body createdAt mergedAt headRefName isCrossRepository
  author { login }
  headRepositoryOwner { login }
  mergeCommit { oid }
  latestOpinionatedReviews(first: 50) { nodes { author { login } state } }
  latestReviews(first: 50) { nodes { author { login } state } }
  reviewRequests(first: 50) { nodes { requestedReviewer { __typename
    ... on User { login } ... on Bot { login } ... on Team { combinedSlug } } } }
  rollup: commits(last: 1) { nodes { commit { statusCheckRollup { contexts(first: 100) {
    pageInfo { hasNextPage endCursor }
    nodes { __typename ...run ...status }
  } } } } }
}`
	runFragment = `fragment run on CheckRun {
  id name status conclusion detailsUrl title summary startedAt
  checkSuite { workflowRun { event workflow { name } } app { slug } }
}
fragment status on StatusContext { id context state targetUrl description createdAt }`

	rateLimitField = `rateLimit { limit cost remaining resetAt }`
)

// fragments are those that a query for all of a pull request needs.
func fragments() string {
	return strings.Join([]string{pulseFragment, fullFragment, runFragment}, "\n")
}

// pulseQuery lists the open pull requests and what tells of a change.
func pulseQuery() string {
	return `query HfPulse($owner: String!, $name: String!, $first: Int!, $after: String) {
  ` + rateLimitField + `
  repository(owner: $owner, name: $name) {
    nameWithOwner
    pullRequests(states: OPEN, first: $first, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes { ...pulse }
    }
  }
}
` + pulseFragment
}

// openQuery is the pulse and the rest at once, for who knows nothing yet.
func openQuery() string {
	return `query HfOpen($owner: String!, $name: String!, $first: Int!) {
  ` + rateLimitField + `
  repository(owner: $owner, name: $name) {
    nameWithOwner
    pullRequests(states: OPEN, first: $first, orderBy: {field: UPDATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes { ...full }
    }
  }
}
` + fragments()
}

// numbersQuery asks for pull requests by number.
func numbersQuery(numbers []int) string {
	var b strings.Builder
	b.WriteString("query HfNumbers($owner: String!, $name: String!) {\n  " + rateLimitField + "\n  repository(owner: $owner, name: $name) {\n    nameWithOwner\n")
	for _, n := range numbers {
		fmt.Fprintf(&b, "    %s: pullRequest(number: %d) { ...full }\n", alias(n), n)
	}
	b.WriteString("  }\n}\n" + fragments())
	return b.String()
}

func alias(number int) string { return fmt.Sprintf("pr%d", number) }

// branchQuery asks for the pull requests of a branch.
func branchQuery() string {
	return `query HfBranch($owner: String!, $name: String!, $branch: String!) {
  ` + rateLimitField + `
  repository(owner: $owner, name: $name) {
    nameWithOwner
    pullRequests(headRefName: $branch, first: 20, orderBy: {field: CREATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes { ...full }
    }
  }
}
` + fragments()
}

// contextsQuery asks for the checks of a commit after those that are known.
const contextsQuery = `query HfContexts($owner: String!, $name: String!, $number: Int!, $after: String!) {
  ` + rateLimitField + `
  repository(owner: $owner, name: $name) {
    nameWithOwner
    pullRequest(number: $number) {
      rollup: commits(last: 1) { nodes { commit { statusCheckRollup { contexts(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { __typename ...run ...status }
      } } } } }
    }
  }
}
` + runFragment

// conversationQuery asks for what people wrote.
const conversationQuery = `query HfConversation($owner: String!, $name: String!, $number: Int!, $after: String) {
  ` + rateLimitField + `
  repository(owner: $owner, name: $name) {
    nameWithOwner
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id path line originalLine isResolved isOutdated
          comments(first: 50) { totalCount nodes { id body url createdAt author { login } } }
        }
      }
      reviews(last: 100) { totalCount nodes { id body url state submittedAt author { login } } }
      comments(last: 100) { totalCount nodes { id body url createdAt author { login } } }
    }
  }
}`

// The nodes of the answers.

type page struct {
	HasNextPage bool
	EndCursor   string
}

type rateLimit struct {
	Limit     int
	Cost      int
	Remaining int
	ResetAt   time.Time
}

type login struct{ Login string }

type stateCount struct {
	State string
	Count int
}

// pulse is what tells of a change. Its fields in this order are the stamp.
type pulse struct {
	Number           int
	ID               string
	State            string
	IsDraft          bool
	UpdatedAt        time.Time
	HeadRefOid       string
	BaseRefName      string
	Mergeable        string
	ReviewDecision   string
	AutoMergeRequest *struct{ EnabledAt time.Time }
	ReviewThreads    struct {
		TotalCount int
		Nodes      []struct{ IsResolved bool }
	}
	Commits struct {
		Nodes []struct {
			Commit struct {
				Oid               string
				StatusCheckRollup *checkTotals
			}
		}
	}
}

type review struct {
	Author *login
	State  string
}

type contexts struct {
	PageInfo page
	Nodes    []contextNode
}

type rollup struct {
	Nodes []struct {
		Commit struct {
			StatusCheckRollup *struct{ Contexts contexts }
		}
	}
}

func (r rollup) contexts() contexts {
	if len(r.Nodes) == 0 || r.Nodes[0].Commit.StatusCheckRollup == nil {
		return contexts{}
	}
	return r.Nodes[0].Commit.StatusCheckRollup.Contexts
}

// contextNode is a check run or the status that another system set.
type contextNode struct {
	Typename string `json:"__typename"`
	ID       string

	Name       string
	Status     string
	Conclusion string
	DetailsURL string `json:"detailsUrl"`
	Title      string
	Summary    string
	StartedAt  time.Time
	CheckSuite struct {
		WorkflowRun *struct {
			Event    string
			Workflow struct{ Name string }
		}
		App *struct{ Slug string }
	}

	Context     string
	State       string
	TargetURL   string `json:"targetUrl"`
	Description string
	CreatedAt   time.Time
}

// checkTotals is what GitHub itself counted of the checks.
type checkTotals struct {
	State    string
	Contexts struct {
		CheckRunCount              int
		CheckRunCountsByState      []stateCount
		StatusContextCount         int
		StatusContextCountsByState []stateCount
	}
}

// pullNode is a pull request.
type pullNode struct {
	pulse
	URL                      string
	Title                    string
	Body                     string
	CreatedAt                time.Time
	MergedAt                 time.Time
	HeadRefName              string
	IsCrossRepository        bool
	Author                   *login
	HeadRepositoryOwner      *login
	MergeCommit              *struct{ Oid string }
	LatestOpinionatedReviews struct{ Nodes []review }
	LatestReviews            struct{ Nodes []review }
	ReviewRequests           struct {
		Nodes []struct {
			RequestedReviewer *struct {
				Login        string
				CombinedSlug string
			}
		}
	}
	Rollup rollup
}

// repositoryNode is a repository with a list of pull requests.
type repositoryNode[T any] struct {
	RateLimit  *rateLimit
	Repository *struct {
		NameWithOwner string
		PullRequests  struct {
			PageInfo page
			Nodes    []T
		}
	}
}
