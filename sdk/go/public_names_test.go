package leadline_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// publicNames are what programs may rely on: taking a name away breaks them.
const publicNames = `
CallOption Client Client.ActivateRuleSet Client.BatchCreateLeads Client.BatchScoreLeads Client.ClearScoreOverride
Client.Close Client.Connection Client.CreateLead Client.CreateRuleSet Client.DeactivateRuleSet Client.DeleteLead
Client.DeleteModel Client.DeleteRuleSet Client.DryRunRuleSet Client.GetLead Client.GetModel Client.GetModelPlots
Client.GetOperation Client.GetRuleSet Client.ImportLeads Client.ListLeads Client.ListModels Client.ListOperations
Client.ListRuleSets Client.OverrideScore Client.PromoteModel Client.PublishEvents Client.RecordEvents
Client.ReplayScore Client.RescoreLeads Client.RollBackModel Client.ScoreInlineLead Client.ScoreLead
Client.SuggestChanges Client.TrainModel Client.UpdateLead Client.WatchNotifications Client.WatchScores
ErrAPIKeyRefused ErrAlreadyExists ErrCancelled ErrConflict ErrDeadlineExceeded ErrFailedPrecondition
ErrIdempotencyKeyReused ErrInternal ErrInvalidRequest ErrNotFound ErrPermissionDenied ErrResourceExhausted
ErrUnauthenticated ErrUnavailable Error Error.CatalogueReason Error.Error Error.GRPCStatus Error.Unwrap
FieldViolation FromFieldValue ImportOptions ImportResult ImportResult.RowCount ListLeadsOptions LongestCategory
LongestText NewClient NewIdempotencyKey NotificationUpdate Operation Operation.Cancel Operation.Done
Operation.Metadata Operation.Name Operation.Result Operation.Wait Option PublishedEvent RecordEventsResult
RefusedEvent RefusedRow Rows RuleSetChange ScoreUpdate ScoredLead Text ToFieldValue ToFields TokenSource
TrainModelOptions Version WatchScoresOptions WithAPIKey WithDialOptions WithIdempotencyKey WithPlaintext
WithRootCertificates WithTimeout WithToken WithTokenSource WithUserAgent
`

// TestThePublicNamesStay compares the exported names of the package with those above.
func TestThePublicNamesStay(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if ast.IsGenerated(parsed) {
			continue // every SDK has these methods: the contract suite of all SDKs looks at them
		}
		for _, declaration := range parsed.Decls {
			found = append(found, namesOf(declaration)...)
		}
	}
	slices.Sort(found)
	if want := strings.Fields(publicNames); !slices.Equal(found, want) {
		t.Errorf("the public names are now\n%s", strings.Join(found, " "))
	}
}

func namesOf(declaration ast.Decl) []string {
	var names []string
	switch declared := declaration.(type) {
	case *ast.FuncDecl:
		name := declared.Name.Name
		if declared.Recv != nil {
			owner := ownerOf(declared.Recv.List[0].Type)
			if !ast.IsExported(owner) || !ast.IsExported(name) {
				return nil
			}
			return []string{owner + "." + name}
		}
		names = append(names, name)
	case *ast.GenDecl:
		for _, specification := range declared.Specs {
			switch specified := specification.(type) {
			case *ast.TypeSpec:
				names = append(names, specified.Name.Name)
			case *ast.ValueSpec:
				for _, name := range specified.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !ast.IsExported(name) })
}

func ownerOf(receiver ast.Expr) string {
	switch typed := receiver.(type) {
	case *ast.StarExpr:
		return ownerOf(typed.X)
	case *ast.IndexExpr:
		return ownerOf(typed.X)
	case *ast.Ident:
		return typed.Name
	default:
		return ""
	}
}
