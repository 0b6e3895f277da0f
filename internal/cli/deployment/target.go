package deployment

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

// target is the deployment that a verb is about, as its flags name it.
type target struct {
	face  verb.Face
	scope verb.Scope
	name  string
}

// bind adds the flags that name the deployment. The documented commands name
// it by a flag, the tree by its position.
func (t *target) bind(env *verb.Env, cmd *cobra.Command) {
	t.scope.Bind(env, cmd, verb.FlagAccount, verb.FlagResourceGroup, verb.FlagSubscription)
	if t.face == verb.Documented {
		cmd.Flags().StringVar(&t.name, "deployment-name", "", "deployment.flag.deployment-name")
	}
}

// required are the flags that must be given.
func (t *target) required(more ...string) []string {
	if t.face == verb.Documented {
		return append([]string{"deployment-name"}, more...)
	}
	return more
}

// take reads the name from the position in the tree.
func (t *target) take(args []string) {
	if len(args) > 0 {
		t.name = args[0]
	}
}

// open checks the name and finds the account.
func (t *target) open(ctx context.Context, env *verb.Env) (*session.Session, arm.DeploymentRef, error) {
	if err := session.CheckName(env, arm.DeploymentName, t.name); err != nil {
		return nil, arm.DeploymentRef{}, err
	}
	s, account, err := session.OpenAccount(ctx, env, t.scope, t.face)
	return s, arm.DeploymentRef{AccountRef: account, Deployment: t.name}, err
}

// read fetches a deployment. One that is not there is told by its own name,
// with the nearest that is.
func read(ctx context.Context, s *session.Session, ref arm.DeploymentRef) (arm.Deployment, error) {
	d, err := s.ARM.Deployment(ctx, ref)
	if err == nil {
		return d, nil
	}
	if !session.IsMissing(err) {
		return d, session.Explain(s.Env, err)
	}
	others, listErr := s.ARM.Deployments(ctx, ref.AccountRef)
	if listErr != nil { // then it is the account that is missing
		if arm.KindOf(listErr) == arm.NotFound {
			return d, s.MissingAccount(ctx, ref.AccountRef, listErr)
		}
		return d, session.Explain(s.Env, err)
	}
	out := exit.New(exit.NotFound, s.Env.T("deployment.unknown", "Name", ref.Deployment, "Account", ref.Account)).Wrap(err)
	var names []string
	for _, other := range others {
		names = append(names, other.DeploymentRef.Deployment)
	}
	if near := verb.Nearest(ref.Deployment, names); near != "" {
		out.Hint(s.Env.T("cli.did-you-mean", "Name", near))
	}
	return d, out.Hint(s.Env.T("deployment.unknown.hint", "Command", "azptu list-deployments --account-name "+ref.Account))
}

// outcome is the deployment once op has ended; left is true when nobody waits
// for that.
func outcome(ctx context.Context, s *session.Session, op *arm.Operation, p session.Pending) (d arm.Deployment, left bool, err error) {
	if left, err = s.FollowUnlessLeft(ctx, op, p); err != nil || left {
		return d, left, err
	}
	d, err = s.ARM.Deployment(ctx, p.Ref)
	return d, false, session.Explain(s.Env, err)
}

// locate is the region of an account.
func locate(ctx context.Context, s *session.Session, ref arm.AccountRef) (string, error) {
	a, err := s.ARM.Account(ctx, ref)
	if err != nil {
		return "", session.Explain(s.Env, err)
	}
	return a.Location, nil
}
