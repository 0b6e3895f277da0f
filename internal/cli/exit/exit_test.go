package exit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/azptu/azptu/internal/locale"
)

func TestCodes(t *testing.T) {
	for err, want := range map[error]int{
		nil:                  0,
		errors.New("any"):    1,
		New(Failed, ""):      1,
		New(Usage, ""):       2,
		New(Validation, ""):  2,
		New(Missing, ""):     2,
		New(NotFound, ""):    3,
		New(SignIn, ""):      4,
		New(Permission, ""):  4,
		New(Quota, ""):       5,
		New(Capacity, ""):    5,
		New(Conflict, ""):    6,
		New(Pending, ""):     8,
		New(Interrupted, ""): 130,
		context.Canceled:     130,
		Quietly(1):           1,
		fmt.Errorf("in a verb: %w", New(Conflict, "")): 6,
		fmt.Errorf("asking: %w", context.Canceled):     130,
	} {
		if got := CodeOf(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

func TestPrint(t *testing.T) {
	full := New(Quota, "Quota insuficiente para esta capacidade PTU").Because("InsufficientQuota").
		Hint("Reduzir capacidade solicitada", "Usar região diferente").See("https://aka.ms/oai/stuquotarequest").Request("abc-123").Wrap(errors.New("409"))
	for _, c := range []struct {
		name  string
		lang  locale.Language
		err   error
		debug bool
		want  string
	}{
		{"everything", locale.Portuguese, full, true, `<Erro:> Quota insuficiente para esta capacidade PTU (InsufficientQuota)
Dica: Reduzir capacidade solicitada
Dica: Usar região diferente
Veja: https://aka.ms/oai/stuquotarequest
ID da requisição: abc-123
Causa: 409
`},
		{"validation", locale.Portuguese, New(Validation, "Capacidade insuficiente"), false, "<Erro de validação:> Capacidade insuficiente\n"},
		{"validation", locale.Spanish, New(Validation, "x"), false, "<Error de validación:> x\n"},
		{"sign-in", locale.Portuguese, New(SignIn, "DefaultAzureCredential failed to retrieve a token"), false, "<Erro de autenticação:> DefaultAzureCredential failed to retrieve a token\n"},
		{"missing stands alone", locale.Portuguese, New(Missing, "Resource group não especificado"), false, "Resource group não especificado\n"},
		{"unknown", locale.English, errors.New("odd\x1b[2J"), false, "<Error:> odd�[2J\n"},
		{"interrupted", locale.Spanish, fmt.Errorf("asking: %w", context.Canceled), false, "Interrumpido.\n"},
		{"code said already", locale.English, New(Failed, "InvalidCapacity: no").Because("InvalidCapacity"), false, "<Error:> InvalidCapacity: no\n"},
		{"quiet", locale.English, Quietly(1), false, ""},
		{"nothing", locale.English, nil, false, ""},
	} {
		var b bytes.Buffer
		Print(&b, locale.New(c.lang, nil), func(s string) string { return "<" + s + ">" }, c.err, c.debug)
		if b.String() != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, b.String(), c.want)
		}
	}
}
