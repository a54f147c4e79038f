// Package graphql is a small GraphQL server side: enough of the language for the
// fake GitHub server, and strict where GitHub is. A schema is written in GraphQL's
// own schema language; values come from resolvers by "Type.field".
//
// A request is checked against the schema before anything of it runs (fields,
// arguments, variables and their types), so that a client that would be refused by
// GitHub is refused here too, also when the list it asks about is empty. The
// answer has exactly what was asked for. There are no subscriptions and, of
// introspection, only __typename.
package graphql
