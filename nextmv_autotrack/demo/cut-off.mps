*NAME:         bell5
*ROWS:         91
*COLUMNS:      104
*INTEGER:      58
*NONZERO:      266
*BEST SOLN:    8966406.49 (opt)
*LP SOLN:      8608417.95
*SOURCE:       William Cook (Bellcore)
*              William Cook (Bellcore)
*              William Cook (Bellcore)
*APPLICATION:  fiber optic network design
*COMMENTS:     30 of the integer variables are binary
*              hard problem
*              solved with new code based on Lovasz-Scarf basis reduction
NAME          BELL5
ROWS
 N  OBJ     
 L  A1      
 L  A2      
 L  A3      
 L  A4      
 L  A5      
 L  A6      
 L  A7      
 L  A8      
 L  A9      
 L  A10     
 L  A11     
 L  A12     
 L  A13     
 L  A14     
 L  A15     
 L  B1      
 L  B2      
 L  B3      
 L  B4      
 L  B5      
 L  B6      
 L  B7      
 L  B9      
 L  B10     
 L  B11     
 L  B12     
 L  B13     
 L  B14     
 L  B16     
 L  C1      
 L  C2      
 L  C3      
 L  C4      
 L  C5      
 L  C6      
 L  C7      
 L  C8      
 L  C9      
 L  C10     
 L  C11     
 L  C12     
 L  C13     
 L  C14     
 L  C15     
 L  C16     
 L  D1      
 L  D2      
 L  D3      
 L  D4      
 L  D5      
 L  D6      
 L  D7      
 L  D9      
 L  D10     
 L  D11     
 L  D12     
 L  D13     
 L  D14     
 L  D16     
 L  E1      
 L  E2      
 L  E3      
 L  E4      
 L  E5      
 L  E6      
 L  E7      
 L  E8      
 L  E9      
 L  E10     
 L  E11     
 L  E12     
 L  E13     
 L  E14     
 L  E15     
 L  E16     
 L  F0      
 L  F1      
 L  F2      
 L  F3      
 L  F4      
 L  F5      
 L  F6      
 L  F7      
 L  F8      
 L  F9      
 L  F10     
 L  F11     
 L  F12     
 L  F13     
 L  F14     
 L  F15     
COLUMNS
    MARK0000  'MARKER'                 'INTORG'
    c1        A1                  -1   A15                 -1
    c1        B1                 -20   F0                   1
    c2        A1                   1   A2                  -1
    c2        A12                 -1   B2                 -20
    c2        F1                   1
    c3        A2                   1   A3                  -1
    c3        B3                 -20   F2                   1
    c4        A3                   1   A4                  -1
    c4        A9                  -1   B4                 -20
    c4        F3                   1
    c5        A4                   1   A5                  -1
    c5        A6                  -1   B5                 -20
    c5        F4                   1
    c6        A5                   1   B6                 -20
    c6        F5                   1
    c7        A6                   1   A7                  -1
    c7        B7                 -20   F6                   1
    c8        A7                   1   A8                  -1
    c8        F7                   1
    c9        A8                   1   B9                 -20
    c9        F8                   1
    c10       A9                   1   A10                 -1
    c10       B10                -20   F9                   1
    c11       A10                  1   A11                 -1
    c11       B11                -20   F10                  1
    c12       A11                  1   B12                -20
    c12       F11                  1
    c13       A12                  1   A13                 -1
    c13       B13                -20   F12                  1
    c14       A13                  1   A14                 -1
    c14       B14                -20   F13                  1
    c15       A14                  1   F14                  1
    c16       A15                  1   B16                -20
    c16       F15                  1
    d1        OBJ              43000   B1                   1
    d1        C1                -672
    d2        OBJ              43000   B2                   1
    d2        C2                -672
    d3        OBJ              43000   B3                   1
    d3        C3                -672
    d4        OBJ              43000   B4                   1
    d4        C4                -672
    d5        OBJ              43000   B5                   1
    d5        C5                -672
    d6        OBJ              43000   B6                   1
    d6        C6                -672
    d7        OBJ              43000   B7                   1
    d7        C7                -672
    d9        OBJ              43000   B9                   1
    d9        C9                -672
    d10       OBJ              43000   B10                  1
    d10       C10               -672
    d11       OBJ              43000   B11                  1
    d11       C11               -672
    d12       OBJ              43000   B12                  1
    d12       C12               -672
    d13       OBJ              43000   B13                  1
    d13       C13               -672
    d14       OBJ              43000   B14                  1
    d14       C14               -672
    d16       OBJ              43000   B16                  1
    d16       C16               -672
    h1        OBJ              58000   B1                   1
    h1        C1               -1344
    h2        OBJ              58000   B2                   1
    h2        C2               -1344
    h3        OBJ              58000   B3                   1
    h3        C3               -1344
    h4        OBJ              59000   B4                   1
    h4        C4               -1344
    h5        OBJ              59000   B5                   1
    h5        C5               -1344
    h6        OBJ              59000   B6                   1
    h6        C6               -1344
    h7        OBJ              59000   B7                   1
    h7        C7               -1344
    h9        OBJ              60000   B9                   1
    h9        C9               -1344
    h10       OBJ              59000   B10                  1
    h10       C10              -1344
    h11       OBJ              59000   B11                  1
    h11       C11              -1344
    h12       OBJ              59000   B12                  1
    h12       C12              -1344
    h13       OBJ              58000   B13                  1
    h13       C13              -1344
    h14       OBJ              58000   B14                  1
    h14       C14              -1344
    h16       OBJ              58000   B16                  1
    h16       C16              -1344
    g1        OBJ              10000   D1                 -24
    g2        OBJ              10000   D2                 -24
    g3        OBJ              10000   D3                 -24
    g4        OBJ              10000   D4                 -24
    g5        OBJ              10000   D5                 -24
    g6        OBJ              10000   D6                 -24
    g7        OBJ              10000   D7                 -24
    g9        OBJ              10000   D9                 -24
    g10       OBJ              10000   D10                -24
    g11       OBJ