package session

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
)

// Pending describes an operation for the line that picks it up again.
type Pending struct {
	What string            // what is being done, in the user's language
	Ref  arm.DeploymentRef // of the deployment it works on
}

// Follow waits for op with a line of progress on a terminal. When the user
// interrupts, the operation goes on in Azure and the error says how to pick
// it up again.
func (s *Session) Follow(ctx context.Context, op *arm.Operation, p Pending) error {
	line := s.Env.Term.Progress()
	defer line.Done()
	err := op.Follow(ctx, func(now arm.Progress) { line.Show(s.progress(p.What, now)) })
	return s.left(err, op, p)
}

// FollowUnlessLeft is Follow, unless --no-wait leaves the operation to Azure:
// then it is told how to look at it, and left is true.
func (s *Session) FollowUnlessLeft(ctx context.Context, op *arm.Operation, p Pending) (left bool, err error) {
	if s.Env.Global.NoWait && !op.Done() {
		s.Accepted(op, p)
		return true, nil
	}
	return false, s.Follow(ctx, op, p)
}

// FollowAccount waits for an operation on an account. Interrupted, the account
// itself tells how far it came.
func (s *Session) FollowAccount(ctx context.Context, op *arm.Operation, what string, ref arm.AccountRef) error {
	line := s.Env.Term.Progress()
	defer line.Done()
	err := op.Follow(ctx, func(now arm.Progress) { line.Show(s.progress(what, now)) })
	if !errors.Is(err, context.Canceled) {
		return Explain(s.Env, err)
	}
	return exit.New(exit.Interrupted, s.Env.T("azure.left", "What", what)).
		Hint(s.Env.T("azure.left.hint", "Command", "azptu account show "+ref.Account+" --resource-group "+Quote(ref.ResourceGroup)+" --subscription-id "+ref.SubscriptionID)).Wrap(err)
}

// left explains the end of a wait.
func (s *Session) left(err error, op *arm.Operation, p Pending) error {
	if !errors.Is(err, context.Canceled) {
		return Explain(s.Env, err)
	}
	token := ""
	if op != nil {
		token = op.Token()
	}
	return exit.New(exit.Interrupted, s.Env.T("azure.left", "What", p.What)).
		Hint(s.Env.T("azure.left.hint", "Command", Resume(p.Ref, token))).Wrap(err)
}

func (s *Session) progress(what string, now arm.Progress) string {
	return s.Env.T("azure.progress", "What", what, "Status", now.Status, "Elapsed", now.Elapsed.Round(time.Second).String())
}

// Resume is the command that picks an operation on a deployment up again.
// Every name in it is one that Azure takes, so it needs no quoting except the
// resource group, which may hold brackets.
func Resume(ref arm.DeploymentRef, token string) string {
	command := "azptu deployment show " + ref.Deployment + " --account-name " + ref.Account +
		" --resource-group " + Quote(ref.ResourceGroup) + " --subscription-id " + ref.SubscriptionID + " --wait"
	if token != "" {
		command += " --operation " + token
	}
	return command
}

// Quote makes a word safe to paste into a POSIX shell, or into PowerShell
// unless it holds an apostrophe, which no name in Azure does.
func Quote(word string) string {
	if !strings.ContainsAny(word, " ()'\"$&;|<>`") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Accepted tells on the talk stream that an operation runs that nobody waits
// for (--no-wait), and how to look at it.
func (s *Session) Accepted(op *arm.Operation, p Pending) {
	s.Env.Note(s.Env.T("azure.accepted", "What", p.What))
	s.Env.Note(s.Env.T("azure.left.hint", "Command", Resume(p.Ref, op.Token())))
}

// Await looks at a deployment until nothing is being done with it, by its
// operation when a token is given.
func (s *Session) Await(ctx context.Context, ref arm.DeploymentRef, token string) (arm.Deployment, error) {
	pending := Pending{What: s.Env.T("azure.waiting", "Name", ref.Deployment), Ref: ref}
	if token != "" {
		op, err := s.ARM.Resume(token)
		if err != nil {
			return arm.Deployment{}, exit.New(exit.Usage, s.Env.T("azure.token-faulty")).Wrap(err)
		}
		if err := s.Follow(ctx, op, pending); err != nil {
			return arm.Deployment{}, err
		}
	}
	line := s.Env.Term.Progress()
	defer line.Done()
	d, err := s.ARM.AwaitDeployment(ctx, ref, func(now arm.Progress) { line.Show(s.progress(pending.What, now)) })
	return d, s.left(err, nil, pending)
}

// Busy shows a line of progress until the returned function is called.
func Busy(env *verb.Env, text string) (done func()) {
	line := env.Term.Progress()
	line.Show(text)
	return line.Done
}
