//! `[report]`: settings of the report.

use spec::report_settings::ReportSettings;

use crate::node::Node;
use crate::reader::Reader;

impl Reader<'_> {
    pub(crate) fn report(&mut self, root: &Node) -> ReportSettings {
        match self.table(root, "report", false) {
            Some(node) => self.settings(&node, &[]),
            None => ReportSettings::default(),
        }
    }
}
