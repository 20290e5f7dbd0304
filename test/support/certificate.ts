/**
 * A self-signed certificate for localhost, 127.0.0.1 and ::1, valid from 2020 to 2119, and its key.
 * For tests only: the key is public.
 */
export const certificate: { readonly cert: string; readonly key: string } = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjExOTEyMzEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAD7SMGHdvP6azps
Pkn8zscm3d2Tu8Eay5G6k1miamklyGkcSricC+0aTmc5LnKh4PBpNcC/9AVpPHnL
ZVsqkIGjYDBeMCwGA1UdEQQlMCOCCWxvY2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAA
AAAAAAAAATAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBQXRDbLW2/dCpk7+nKw
9qb56f1SVjAKBggqhkjOPQQDAgNIADBFAiAmUEH/1GI5cy6N4aPjNTKDC3Kw/OA+
lVHBfWATUNUcFwIhAM8UhkpYGHtZePPsoqzCgMuVyOKTr/FrnloT22WpZkFk
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8PhjAWCGX53EWDK9
XjOZuG3NykZkg6006e/J0fQRtOahRANCAAQA+0jBh3bz+ms6bD5J/M7HJt3dk7vB
GsuRupNZomppJchpHEq4nAvtGk5nOS5yoeDwaTXAv/QFaTx5y2VbKpCB
-----END PRIVATE KEY-----
`,
};
