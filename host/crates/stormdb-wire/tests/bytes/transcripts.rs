//! What PostgreSQL 15 answered, message by message, recorded on its socket.

pub(crate) const DESCRIBE: &[&[u8]] = &[
    b"1\0\0\0\x04",
    b"t\0\0\0\x0e\0\x02\0\0\0\x17\0\0\0\x19",
    b"T\0\0\0H\0\x03n\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0text\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0int8\0\0\0\0\0\0\0\0\0\0\x14\0\x08\xff\xff\xff\xff\0\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const ROW: &[&[u8]] = &[
    b"2\0\0\0\x04",
    b"D\0\0\0\x1c\0\x03\0\0\0\x04\0\0\0\x07\0\0\0\x06H\xc3\xb4tel\xff\xff\xff\xff",
    b"C\0\0\0\x0dSELECT 1\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const ROWS: &[&[u8]] = &[
    b"2\0\0\0\x04",
    b"D\0\0\0\x12\0\x02\0\0\0\x04\0\0\0\x01\xff\xff\xff\xff",
    b"D\0\0\0\x14\0\x02\0\0\0\x04\0\0\0\x02\0\0\0\x02xx",
    b"D\0\0\0\x12\0\x02\0\0\0\x04\0\0\0\x03\xff\xff\xff\xff",
    b"D\0\0\0\x16\0\x02\0\0\0\x04\0\0\0\x04\0\0\0\x04xxxx",
    b"D\0\0\0\x12\0\x02\0\0\0\x04\0\0\0\x05\xff\xff\xff\xff",
    b"C\0\0\0\x0dSELECT 5\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const PIPELINE: &[&[u8]] = &[
    b"2\0\0\0\x04",
    b"D\0\0\0\x0e\0\x01\0\0\0\x04\0\0\0\x01",
    b"C\0\0\0\x0fINSERT 0 1\0",
    b"2\0\0\0\x04",
    b"D\0\0\0\x12\0\x02\0\0\0\x04\0\0\0\x01\xff\xff\xff\xff",
    b"D\0\0\0\x14\0\x02\0\0\0\x04\0\0\0\x02\0\0\0\x02xx",
    b"C\0\0\0\x0dSELECT 2\0",
    b"2\0\0\0\x04",
    b"D\0\0\0\x0e\0\x01\0\0\0\x04\0\0\0\x02",
    b"C\0\0\0\x0fINSERT 0 1\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const PIPELINE_ERROR: &[&[u8]] = &[
    b"2\0\0\0\x04",
    b"D\0\0\0\x0e\0\x01\0\0\0\x04\0\0\0\x03",
    b"C\0\0\0\x0fINSERT 0 1\0",
    b"2\0\0\0\x04",
    b"E\0\0\0\xacSERROR\0VERROR\0C23505\0Mduplicate key value violates unique constraint \"one_key\"\0DKey (id)=(1) already exists.\0spublic\0tone\0none_key\0Fnbtinsert.c\0L664\0R_bt_check_unique\0\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const NOTICES: &[&[u8]] = &[
    b"2\0\0\0\x04",
    b"N\0\0\0|SNOTICE\0VNOTICE\0C00000\0Mrow 1 comes\0WPL/pgSQL function says(integer) line 1 at RAISE\0Fpl_exec.c\0L3891\0Rexec_stmt_raise\0\0",
    b"N\0\0\0|SNOTICE\0VNOTICE\0C00000\0Mrow 2 comes\0WPL/pgSQL function says(integer) line 1 at RAISE\0Fpl_exec.c\0L3891\0Rexec_stmt_raise\0\0",
    b"D\0\0\0\x0c\0\x01\0\0\0\x02r1",
    b"D\0\0\0\x0c\0\x01\0\0\0\x02r2",
    b"C\0\0\0\x0dSELECT 2\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const SCRIPT: &[&[u8]] = &[
    b"C\0\0\0\nBEGIN\0",
    b"C\0\0\0\x0fINSERT 0 1\0",
    b"T\0\0\0.\0\x02a\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0b\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0",
    b"D\0\0\0\x10\0\x02\0\0\0\x011\0\0\0\x01b",
    b"C\0\0\0\x0dSELECT 1\0",
    b"C\0\0\0\x08SET\0",
    b"S\0\0\0\x17application_name\0x\0",
    b"Z\0\0\0\x05T",
];

pub(crate) const ROLLBACK: &[&[u8]] =
    &[b"C\0\0\0\x0dROLLBACK\0", b"S\0\0\0\x16application_name\0\0", b"Z\0\0\0\x05I"];

pub(crate) const EMPTY: &[&[u8]] = &[b"I\0\0\0\x04", b"Z\0\0\0\x05I"];

pub(crate) const SCRIPT_ERROR: &[&[u8]] = &[
    b"E\0\0\0ASERROR\0VERROR\0C22012\0Mdivision by zero\0Fint.c\0L869\0Rint4div\0\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const COPY_OPEN: &[&[u8]] = &[b"G\0\0\0\x09\0\0\x01\0\0"];

pub(crate) const COPY_END: &[&[u8]] = &[b"C\0\0\0\x0bCOPY 2\0", b"Z\0\0\0\x05I"];

pub(crate) const COPY_REFUSED: &[&[u8]] = &[
    b"E\0\0\0\x98SERROR\0VERROR\0C22P02\0Minvalid input syntax for type integer: \"no number\"\0WCOPY one, line 1, column id: \"no number\"\0Fnumutils.c\0L232\0Rpg_strtoint32\0\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const COPY_OUT: &[&[u8]] = &[
    b"H\0\0\0\x09\0\0\x01\0\0",
    b"d\0\0\0\x061\n",
    b"c\0\0\0\x04",
    b"C\0\0\0\x0bCOPY 1\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const COPY_PREPARED: &[&[u8]] = &[
    b"2\0\0\0\x04",
    b"G\0\0\0\x09\0\0\x01\0\0",
    b"E\0\0\0~SERROR\0VERROR\0C57014\0MCOPY from stdin failed: the copy was given up\0WCOPY one, line 1\0Fcopyfromparse.c\0L315\0RCopyGetData\0\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const LISTEN: &[&[u8]] = &[
    b"C\0\0\0\x0bLISTEN\0",
    b"C\0\0\0\x0bNOTIFY\0",
    b"A\0\0\0\x13\0\0\x18\x15it\0payload\0",
    b"Z\0\0\0\x05I",
];

pub(crate) const TERMINATED: &[&[u8]] = &[
    b"T\0\0\0-\0\x01pg_terminate_backend\0\0\0\0\0\0\0\0\0\0\x10\0\x01\xff\xff\xff\xff\0\0",
    b"D\0\0\0\x0b\0\x01\0\0\0\x01t",
    b"E\0\0\0tSFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0Fpostgres.c\0L3211\0RProcessInterrupts\0\0",
];

/// All of them.
pub(crate) const ALL: &[&[&[u8]]] = &[
    DESCRIBE,
    ROW,
    ROWS,
    PIPELINE,
    PIPELINE_ERROR,
    NOTICES,
    SCRIPT,
    ROLLBACK,
    EMPTY,
    SCRIPT_ERROR,
    COPY_OPEN,
    COPY_END,
    COPY_REFUSED,
    COPY_OUT,
    COPY_PREPARED,
    LISTEN,
    TERMINATED,
];
