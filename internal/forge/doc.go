// Package forge is what hf needs of the place where pull requests live, in
// hf's words: repositories, pull requests, checks, reviews. It knows no HTTP. A
// driver such as internal/forge/github carries it out.
//
// # Errors
//
// Every error of a Client is, or wraps, an *api.Error:
//
//   - needs_auth: nobody is signed in, the token is refused, or it may not do that
//   - not_found: no such repository or pull request, or none that the token may see
//   - usage_limit: a rate limit; RetryAt says when it is over
//   - timeout: the forge did not answer in time
//   - forge_failed: the forge cannot be reached, broke off, or answers with a fault
//   - conflict: the state of the pull request does not allow it
//   - exists: there is one already
//   - invalid_argument: the forge refuses what it was given, and says why
//
// Retryable is set where the same request may succeed later. Nothing here tries
// again by itself: who asks knows how long it can wait.
package forge
