// Goverify judges client certificates by crypto/x509, as crypto/tls does for a server that requires them.
//
// It reads one JSON object a line, and answers with one line: "ok", or why a certificate is refused.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"time"
)

type question struct {
	Leaf    string
	Anchors string
	Now     int64
}

func judge(asked question) string {
	block, _ := pem.Decode([]byte(asked.Leaf))
	if block == nil {
		return "no PEM"
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "parse: " + err.Error()
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(asked.Anchors))
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots:         roots,
		CurrentTime:   time.Unix(asked.Now, 0),
		Intermediates: x509.NewCertPool(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return err.Error()
	}
	return "ok"
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
		fmt.Println(strings.ReplaceAll(judge(asked), "\n", " "))
	}
}
