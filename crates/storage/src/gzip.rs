//! Gzip files of any number of members (RFC 1952, 2.2), as `cat a.gz b.gz`, `bgzip` and log shippers write them.
//!
//! Zero bytes after the last member are padding (tapes, block devices) and fine; anything else there is damage.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

pub(crate) struct GzipMembers<R> {
    /// `None` once the last member has ended.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipMembers<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            member: Some(GzDecoder::new(input)),
        }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            let rest = self
                .member
                .take()
                .expect("the loop runs only while there is a member")
                .into_inner();
            self.member = next_member(rest)?;
        }
        Ok(0)
    }
}

fn next_member<R: BufRead>(mut rest: R) -> io::Result<Option<GzDecoder<R>>> {
    let mut padded = false;
    loop {
        let ahead = rest.fill_buf()?;
        let Some(&first) = ahead.first() else {
            return Ok(None);
        };
        let zeros = ahead.iter().take_while(|&&byte| byte == 0).count();
        if zeros == 0 && !padded && first == 0x1f {
            return Ok(Some(GzDecoder::new(rest)));
        }
        if zeros < ahead.len() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "bytes that are not gzip follow the end of the gzip data",
            ));
        }
        padded = true;
        rest.consume(zeros);
    }
}
