// Gopem loads the three files of mutual TLS as Earthly does.
//
// It reads one JSON object a line, and answers with one: the blocks that encoding/pem finds in the authorities' file,
// whether x509.CertPool.AppendCertsFromPEM adds any, and what tls.X509KeyPair says of the other two.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
)

type question struct {
	CA, Cert, Key []byte
}

type block struct {
	Kind    string
	Headers bool
	DER     []byte
	Problem string
}

type answer struct {
	Blocks []block
	CA     bool
	Pair   string
	Count  int
}

func load(asked question) answer {
	found := answer{Blocks: []block{}}
	for rest := asked.CA; ; {
		var next *pem.Block
		next, rest = pem.Decode(rest)
		if next == nil {
			break
		}
		problem := ""
		if _, err := x509.ParseCertificate(next.Bytes); err != nil {
			problem = err.Error()
		}
		found.Blocks = append(found.Blocks, block{next.Type, len(next.Headers) > 0, next.Bytes, problem})
	}
	found.CA = x509.NewCertPool().AppendCertsFromPEM(asked.CA)
	pair, err := tls.X509KeyPair(asked.Cert, asked.Key)
	if err != nil {
		found.Pair = err.Error()
	}
	found.Count = len(pair.Certificate)
	return found
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<28)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Println("no question: " + err.Error())
			continue
		}
		said, _ := json.Marshal(load(asked))
		fmt.Println(string(said))
	}
}
